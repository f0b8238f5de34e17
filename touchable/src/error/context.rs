//! What of a touch is said around the error of a driver, which stays what it is to everybody who asks for its type or code.

use std::{borrow::Cow, error::Error as StdError, fmt, sync::Arc};

use sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{
        self,
        error::{DatabaseError, ErrorKind},
    },
};

/// The touch that failed.
#[derive(Debug)]
pub(super) struct Context {
    pub table: String,
    pub rules: String,
}

/// A driver's error with the touch that it is of. To downcasts it is the driver's own.
#[derive(Debug)]
struct Named {
    context: Context,
    source: Box<dyn DatabaseError>,
}

impl Context {
    /// The context of an error that was put [around](Self::around) it.
    pub(super) fn of(error: &DbErr) -> Option<&Self> {
        let error: &(dyn StdError + 'static) = database_error(error)?;
        Some(&error.downcast_ref::<Named>()?.context)
    }

    /// Names the touch in what the database has said, unless one is named already.
    ///
    /// # Errors
    /// Both again, when it is not an answer of the database, or somebody else holds it too.
    pub(super) fn around(self, error: DbErr) -> Result<DbErr, (Self, DbErr)> {
        if Self::of(&error).is_some() {
            return Ok(error);
        }
        let (variant, source): (fn(RuntimeErr) -> DbErr, _) = match error {
            DbErr::Conn(RuntimeErr::SqlxError(source)) => (DbErr::Conn, source),
            DbErr::Exec(RuntimeErr::SqlxError(source)) => (DbErr::Exec, source),
            DbErr::Query(RuntimeErr::SqlxError(source)) => (DbErr::Query, source),
            other => return Err((self, other)),
        };
        let again = |source| variant(RuntimeErr::SqlxError(source));
        match Arc::try_unwrap(source) {
            Ok(sqlx::Error::Database(source)) => {
                let named = Named {
                    context: self,
                    source,
                };
                Ok(again(Arc::new(sqlx::Error::Database(Box::new(named)))))
            }
            Ok(other) => Err((self, again(Arc::new(other)))),
            Err(shared) => Err((self, again(shared))),
        }
    }
}

/// What the database has answered.
pub(super) fn database_error(error: &DbErr) -> Option<&(dyn DatabaseError + 'static)> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(source))
        | DbErr::Exec(RuntimeErr::SqlxError(source))
        | DbErr::Query(RuntimeErr::SqlxError(source)) => source.as_database_error(),
        _ => None,
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Context { table, rules } = &self.context;
        write!(f, "could not touch `{table}` (rules: {rules}): {}", self.source)
    }
}

impl StdError for Named {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}

/// `as_error` and `into_error` are what sqlx downcasts by: they lead to the driver's error.
impl DatabaseError for Named {
    fn message(&self) -> &str {
        self.source.message()
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        self.source.code()
    }

    fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        self.source.as_error()
    }

    fn as_error_mut(&mut self) -> &mut (dyn StdError + Send + Sync + 'static) {
        self.source.as_error_mut()
    }

    fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
        self.source.into_error()
    }

    fn is_transient_in_connect_phase(&self) -> bool {
        self.source.is_transient_in_connect_phase()
    }

    fn constraint(&self) -> Option<&str> {
        self.source.constraint()
    }

    fn table(&self) -> Option<&str> {
        self.source.table()
    }

    fn kind(&self) -> ErrorKind {
        self.source.kind()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::{super::Error, *};

    /// An answer of a server, in whatever language it speaks.
    #[derive(Debug)]
    pub(in crate::error) struct Answer {
        pub code: &'static str,
        pub says: &'static str,
    }

    impl fmt::Display for Answer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.says)
        }
    }

    impl StdError for Answer {}

    impl DatabaseError for Answer {
        fn message(&self) -> &str {
            self.says
        }

        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.code.into())
        }

        fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
            self
        }

        fn as_error_mut(&mut self) -> &mut (dyn StdError + Send + Sync + 'static) {
            self
        }

        fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
            self
        }

        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    pub(in crate::error) fn answer(code: &'static str, says: &'static str) -> DbErr {
        let answer = sqlx::Error::Database(Box::new(Answer { code, says }));
        DbErr::Exec(RuntimeErr::SqlxError(answer.into()))
    }

    #[test]
    fn a_touch_is_named_around_the_error_of_the_driver() {
        let error = Error::touch(
            "events",
            "tasks -> event",
            answer("40P01", "Verklemmung entdeckt"),
        );
        let error = DbErr::from(error);
        assert_eq!(
            error.to_string(),
            "Execution Error: error returned from database: could not touch `events` (rules: tasks -> event): \
             Verklemmung entdeckt"
        );
        let driver = database_error(&error).unwrap();
        assert_eq!(driver.code().as_deref(), Some("40P01"));
        assert!(driver.try_downcast_ref::<Answer>().is_some());
        let error = Error::from(error);
        assert_eq!(
            (error.table(), error.rules()),
            (Some("events"), Some("tasks -> event"))
        );
        assert!(error.is_deadlock() && error.is_retryable());
    }

    #[test]
    fn the_first_touch_that_is_named_stays() {
        let inner = Error::touch("events", "tasks -> event", answer("40P01", "x"));
        let outer = Error::touch("venues", "events -> venue", inner.into());
        let outer = Error::from(DbErr::from(outer));
        assert_eq!(outer.table(), Some("events"));
        assert!(outer.is_deadlock());
    }

    #[test]
    fn an_error_that_somebody_else_holds_keeps_its_type() {
        let shared = answer("40P01", "x");
        let also = shared.clone();
        let error = DbErr::from(Error::touch("events", "rule", shared));
        assert_eq!(database_error(&error).unwrap().code().as_deref(), Some("40P01"));
        drop(also);
    }

    #[test]
    fn what_is_not_of_the_database_becomes_words() {
        let error = DbErr::from(Error::touch("events", "rule", DbErr::Custom("shut".to_owned())));
        assert!(
            matches!(&error, DbErr::Custom(text) if text.starts_with("could not touch `events`")),
            "{error}"
        );
    }
}
