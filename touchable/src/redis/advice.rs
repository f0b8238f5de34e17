//! What to do about an error of Redis or of its driver.

use std::{error, fmt};

use ::redis::{ErrorKind, RedisError};

/// What to do about an error, in front of it.
#[derive(Debug)]
struct Explained {
    advice: String,
    source: RedisError,
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.advice, self.source)
    }
}

impl error::Error for Explained {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&self.source)
    }
}

/// The error with an advice in front, where there is one.
pub(super) fn explain(error: RedisError, address: &str) -> Box<dyn error::Error + Send + Sync> {
    let advice = if is_refused(&error) {
        format!("{address} refused the user name or the password; look at them in the URL")
    } else if error.code() == Some("WRONGTYPE") || error.to_string().contains("WRONGTYPE") {
        "another program keeps something else under this key; give one of the two another namespace"
            .to_owned()
    } else if error.code() == Some("OOM") {
        format!("{address} is at its `maxmemory` and evicts nothing; give it more, or trim more")
    } else if error.code() == Some("READONLY") {
        format!("{address} is a replica; connect to its primary")
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
