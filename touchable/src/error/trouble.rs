//! Errors after which the same may succeed, told by their codes.

use std::error::Error as StdError;

use sea_orm::{DbErr, RuntimeErr};

use super::{Error, context::database_error};

/// What kept a statement from its rows for the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Two transactions waited for each other.
    Deadlock,
    /// The snapshot of the transaction is too old for what it wants to write.
    Serialization,
    /// A lock was not had in the time that somebody has set.
    LockTimeout,
    /// Another connection writes to the `SQLite` database, or has written since this one has read.
    Busy,
}

/// An error that may be such a trouble.
pub(crate) trait Troubled {
    fn trouble(&self) -> Option<Trouble>;
}

impl Troubled for DbErr {
    fn trouble(&self) -> Option<Trouble> {
        let error = database_error(self)?;
        let code = error.code()?;
        match &*code {
            "40P01" => Some(Trouble::Deadlock),
            "55P03" => Some(Trouble::LockTimeout),
            // MySQL's SQLSTATEs are coarse. Its numbers stand in a type that the application's choice of drivers would have
            // to bring, and in front of what it prints: `1213 (40001): ..`.
            "40001" | "HY000" => by_number(&error.as_error().to_string(), &code),
            result if result.len() < 5 => by_result(result),
            _ => None,
        }
    }
}

impl Troubled for Error {
    fn trouble(&self) -> Option<Trouble> {
        self.db_err()?.trouble()
    }
}

/// By MySQL's number, where there is one.
fn by_number(printed: &str, state: &str) -> Option<Trouble> {
    let number = printed
        .split_once(" (")
        .filter(|(_, rest)| rest.starts_with(state))
        .map(|(number, _)| number);
    match (number, state) {
        (Some("1213"), _) => Some(Trouble::Deadlock),
        // Lock wait timeout, and NOWAIT.
        (Some("1205" | "3572"), _) => Some(Trouble::LockTimeout),
        // MariaDB: the row has changed since the snapshot was taken.
        (Some("1020"), _) | (_, "40001") => Some(Trouble::Serialization),
        _ => None,
    }
}

/// By `SQLite`'s result code: `SQLITE_BUSY` and `SQLITE_LOCKED`, whatever extends them in the higher bits (517: its snapshot is old).
fn by_result(code: &str) -> Option<Trouble> {
    let code: u16 = code.parse().ok()?;
    matches!(code & 0xff, 5 | 6).then_some(Trouble::Busy)
}

/// Whether the database has rolled back a whole transaction, its savepoints included: `InnoDB` does so to a deadlock's victim.
pub(crate) fn rolls_back(error: &DbErr) -> bool {
    let printed = |error: &DbErr| Some(database_error(error)?.as_error().to_string());
    error.trouble() == Some(Trouble::Deadlock)
        && printed(error).is_some_and(|printed| printed.starts_with("1213 "))
}

/// Whether the database has answered that it will not, for good.
pub(crate) fn is_refusal(error: &DbErr) -> bool {
    database_error(error).is_some() && error.trouble().is_none()
}

/// Whether `SQLite` may not write here.
pub(crate) fn is_read_only(error: &DbErr) -> bool {
    let code = |error: &DbErr| database_error(error)?.code()?.parse::<u16>().ok();
    code(error).is_some_and(|code| code & 0xff == 8)
}

/// What one of an error's causes says: applications wrap the database's error in their own.
pub(crate) fn trouble_of(error: &(dyn StdError + 'static)) -> Option<Trouble> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let trouble = if let Some(error) = error.downcast_ref::<DbErr>() {
            error.trouble()
        } else if let Some(error) = error.downcast_ref::<Error>() {
            error.trouble()
        } else if let Some(error) = error.downcast_ref::<RuntimeErr>() {
            // A transparent wrapper of a `DbErr` has this as its cause.
            DbErr::Exec(error.clone()).trouble()
        } else {
            None
        };
        if trouble.is_some() {
            return trouble;
        }
        cause = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{super::context::tests::answer, *};

    #[test]
    fn codes_tell_troubles_in_any_language() {
        use Trouble::{Busy, Deadlock, LockTimeout, Serialization};
        for (code, says, trouble) in [
            ("40P01", "Verklemmung entdeckt", Some(Deadlock)),
            ("40001", "обновление невозможно", Some(Serialization)),
            ("55P03", "verrou non disponible", Some(LockTimeout)),
            (
                "40001",
                "1213 (40001): Se ha encontrado un bloqueo",
                Some(Deadlock),
            ),
            ("HY000", "1205 (HY000): Tiempo de espera", Some(LockTimeout)),
            ("HY000", "3572 (HY000): NOWAIT", Some(LockTimeout)),
            ("HY000", "1020 (HY000): Record has changed", Some(Serialization)),
            ("5", "(code: 5) database is locked", Some(Busy)),
            ("517", "(code: 517) database is locked", Some(Busy)),
            ("261", "(code: 261) database is locked", Some(Busy)),
            ("6", "(code: 6) database table is locked", Some(Busy)),
            ("HY000", "1210 (HY000): Incorrect arguments", None),
            ("23505", "deadlock detected", None),
            ("2067", "(code: 2067) UNIQUE constraint failed", None),
            ("1", "(code: 1) 1213 (40001)", None),
        ] {
            assert_eq!(answer(code, says).trouble(), trouble, "{code} {says}");
        }
        assert_eq!(DbErr::Custom("deadlock detected".to_owned()).trouble(), None);
    }

    #[test]
    fn a_cause_is_found_behind_the_errors_of_an_application() {
        #[derive(Debug)]
        struct Transparent(DbErr);
        impl std::fmt::Display for Transparent {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
        impl StdError for Transparent {
            fn source(&self) -> Option<&(dyn StdError + 'static)> {
                self.0.source()
            }
        }
        let error = answer("40P01", "x");
        assert_eq!(trouble_of(&error), Some(Trouble::Deadlock));
        assert_eq!(trouble_of(&Error::from(error.clone())), Some(Trouble::Deadlock));
        assert_eq!(trouble_of(&Transparent(error)), Some(Trouble::Deadlock));
        assert_eq!(trouble_of(&std::fmt::Error), None);
    }

    #[test]
    fn only_innodb_rolls_back_everything() {
        assert!(rolls_back(&answer("40001", "1213 (40001): Deadlock found")));
        assert!(!rolls_back(&answer("40P01", "deadlock detected")));
        assert!(!rolls_back(&answer("40001", "could not serialize")));
    }
}
