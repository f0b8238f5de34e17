//! What was sent to the database.

use std::sync::{Arc, Mutex};

use sea_orm::DatabaseConnection;

/// The statements of a connection, in the order in which they ended. `BEGIN`, `COMMIT` and savepoints are not among
/// them: SeaORM's metric callback does not report these.
#[derive(Clone, Debug, Default)]
pub struct Statements(Arc<Mutex<Vec<String>>>);

impl Statements {
    pub(crate) fn of(db: &mut DatabaseConnection) -> Self {
        let log = Self::default();
        let writer = log.clone();
        db.set_metric_callback(move |info| writer.lock().push(info.statement.sql.clone()));
        log
    }

    /// What the future sends, and what it returns.
    pub async fn of_future<T>(&self, future: impl Future<Output = T>) -> (Vec<String>, T) {
        let start = self.lock().len();
        let output = future.await;
        (self.lock().split_off(start), output)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.0.lock().expect("no panic while logging")
    }
}
