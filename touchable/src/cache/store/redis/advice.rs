//! What to do about an error of Redis or of its driver.

use ::redis::{ErrorKind, RedisError};

use crate::cache::store::failed::Explained;

/// The error with an advice in front, where there is one.
pub(super) fn explain(error: RedisError, address: &str) -> Box<dyn std::error::Error + Send + Sync> {
    let advice = if is_refused(&error) {
        format!("{address} refused the user name or the password; look at them in the URL")
    } else if error.kind() == ErrorKind::Parse {
        format!("what answers at {address} does not speak as Redis does; look at the host and the port")
    } else if error.is_timeout() {
        format!("{address} did not answer in time")
    } else if error.is_io_error() || error.kind() == ErrorKind::ClusterConnectionNotFound {
        format!("{address} cannot be reached")
    } else {
        return error.into();
    };
    Explained {
        advice,
        source: error,
    }
    .into()
}

fn is_refused(error: &RedisError) -> bool {
    error.kind() == ErrorKind::AuthenticationFailed
        || matches!(error.code(), Some("NOAUTH" | "WRONGPASS"))
        || error.to_string().contains("WRONGPASS")
        || error.to_string().contains("NOAUTH")
}
