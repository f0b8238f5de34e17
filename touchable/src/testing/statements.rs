//! What was sent to the database.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sea_orm::DatabaseConnection;

/// The statements of a connection (pool), in the order in which they ended.
///
/// `BEGIN`, `COMMIT` and savepoints are not among them: SeaORM's metric callback does not report these. Statements of
/// transactions on the connection are.
///
/// # Example: a save that touches nobody costs what SeaORM's alone costs
///
/// ```no_run
/// # async fn test(rename: impl Future) -> Result<(), sea_orm::DbErr> {
/// use touchable::testing::Statements;
///
/// let mut db = sea_orm::Database::connect("sqlite::memory:").await?;
/// let statements = Statements::of(&mut db);
/// let db = touchable::connect(db);
/// let (sent, _) = statements.during(rename).await;
/// assert_eq!(sent.len(), 1, "{sent:#?}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Statements(Arc<Mutex<Vec<String>>>);

impl Statements {
    /// Begins to record. SeaORM keeps one metric callback for a connection: this takes the place of another. Do it
    /// before the connection is cloned or wrapped.
    #[must_use]
    pub fn of(db: &mut DatabaseConnection) -> Self {
        let log = Self::default();
        let writer = log.clone();
        db.set_metric_callback(move |info| writer.lock().push(info.statement.sql.clone()));
        log
    }

    /// What is sent while the future runs, by whomever, and what the future returns.
    pub async fn during<T>(&self, future: impl Future<Output = T>) -> (Vec<String>, T) {
        let start = self.lock().len();
        let output = future.await;
        let sent = self.lock().get(start..).unwrap_or_default().to_vec();
        (sent, output)
    }

    /// How many statements are sent while the future runs, and what the future returns.
    pub async fn count<T>(&self, future: impl Future<Output = T>) -> (usize, T) {
        let (sent, output) = self.during(future).await;
        (sent.len(), output)
    }

    /// Everything that has been sent so far.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
