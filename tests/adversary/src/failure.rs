//! Errors, as far as they matter here.

use sea_orm::{DbErr, RuntimeErr};

/// An error, as far as it matters here.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What kind it is.
    pub kind: FailureKind,
    /// Its words.
    pub says: String,
}

/// Errors that the model tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// A deadlock, a serialization failure, a lock that could not be had.
    Contention,
    /// A constraint, or a row that is not there.
    Data,
    /// A hook's own.
    Refused,
    /// A strict connection's: the write bypasses the rules.
    Bypass,
    /// Anything else.
    Other,
}

/// Whether `InnoDB` has rolled the whole transaction back.
#[must_use]
pub fn is_victim(error: &DbErr) -> bool {
    error.to_string().contains("1213")
}

impl Failure {
    /// What an error is.
    #[must_use]
    pub fn of(error: &DbErr) -> Self {
        let says = error.to_string();
        let code = code(error);
        let code = code.as_deref().unwrap_or_default();
        let lower = says.to_lowercase();
        let contention = [
            "40P01", "40001", "55P03", "1213", "1205", "1020", "5", "517", "261", "6",
        ]
        .contains(&code)
            || ["deadlock", "database is locked", "could not serialize"]
                .iter()
                .any(|words| lower.contains(words));
        let data = [
            "23505", "23503", "23502", "1062", "1451", "1452", "1586", "2067", "1555", "787", "1299",
        ]
        .contains(&code)
            || matches!(
                error,
                DbErr::RecordNotFound(_) | DbErr::RecordNotUpdated | DbErr::RecordNotInserted
            )
            || [
                "constraint",
                "duplicate",
                "does not exist",
                "none of the records",
                "there is no row",
            ]
            .iter()
            .any(|words| lower.contains(words));
        let kind = if lower.contains("refused by a hook") {
            FailureKind::Refused
        } else if lower.contains("a write bypasses the touch rules") {
            FailureKind::Bypass
        } else if contention {
            FailureKind::Contention
        } else if data {
            FailureKind::Data
        } else {
            FailureKind::Other
        };
        Self { kind, says }
    }
}

fn code(error: &DbErr) -> Option<String> {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error
    else {
        return None;
    };
    Some(error.as_database_error()?.code()?.into_owned())
}
