//! To SeaORM's error and back: hooks and transactions return nothing else.

use std::convert::Infallible;

use sea_orm::DbErr;

use super::{AFTER_COMMIT, BYPASS, Error, Kind, UNPUBLISHED};

impl From<DbErr> for Error {
    fn from(source: DbErr) -> Self {
        match &source {
            DbErr::Custom(message) if message.starts_with(AFTER_COMMIT) => {
                Self::after_commit(message[AFTER_COMMIT.len()..].to_owned())
            }
            DbErr::Custom(message) if message.starts_with(BYPASS) => {
                Self(Kind::Bypass(message[BYPASS.len()..].to_owned()))
            }
            DbErr::Custom(message) if message.starts_with(UNPUBLISHED) => {
                Self(Kind::Unpublished(message[UNPUBLISHED.len()..].to_owned()))
            }
            _ => Self(Kind::Database(source)),
        }
    }
}

impl From<Infallible> for Error {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl From<Error> for DbErr {
    fn from(error: Error) -> Self {
        match error.0 {
            Kind::Database(source) => source,
            // Its type says more to those who look at it than our words would.
            Kind::Touch { source, .. } if is_of_the_driver(&source) => source,
            _ => Self::Custom(error.to_string()),
        }
    }
}

/// Whether the driver or the pool has made an error.
const fn is_of_the_driver(error: &DbErr) -> bool {
    matches!(
        error,
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) | DbErr::Exec(_) | DbErr::Query(_)
    )
}
