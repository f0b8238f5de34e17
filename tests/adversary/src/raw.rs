//! Writes as text, and what a `TouchConnection` says of them.

use std::sync::{
    Arc, Once,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryTrait, UpdateMany, Value};
use tracing::{
    Event, Level, Metadata, Subscriber,
    instrument::WithSubscriber,
    span::{Attributes, Id, Record},
    subscriber::{NoSubscriber, set_global_default},
};

use crate::{history::What, link::Link, perform::values, schema::Schema};

/// Sends an update as text. Its comment makes each a text of its own, so that each is warned of; tools put theirs before
/// the statement or after it.
///
/// # Errors
///
/// When the database or a strict connection refuses.
pub async fn send<E: EntityTrait>(db: &Link, update: &UpdateMany<E>, token: &str) -> Result<(), DbErr> {
    if update.as_query().get_values().is_empty() {
        return Ok(());
    }
    let mut statement = update.build(db.get_database_backend());
    if statement.db_backend == DbBackend::MySql {
        let values = statement.values.iter_mut().flat_map(|values| &mut values.0);
        values.for_each(spell_in_utc);
    }
    if statement.db_backend != DbBackend::Postgres {
        let values = statement.values.iter_mut().flat_map(|values| &mut values.0);
        values.for_each(spell_as_bytes);
    }
    let sql = statement.to_string();
    let sql = if token.len().is_multiple_of(2) {
        format!("/* {token} */ {sql}")
    } else {
        format!("{sql} /* {token} */")
    };
    db.execute_unprepared(&sql).await.map(drop)
}

/// A UUID is stored as bytes where the database has no type for it.
fn spell_as_bytes(value: &mut Value) {
    if let Value::Uuid(Some(uuid)) = value {
        *value = uuid.as_bytes().to_vec().into();
    }
}

/// MariaDB knows no offset in a text.
fn spell_in_utc(value: &mut Value) {
    let naive = match value {
        Value::ChronoDateTimeWithTimeZone(Some(zoned)) => zoned.naive_utc(),
        Value::ChronoDateTimeUtc(Some(utc)) => utc.naive_utc(),
        _ => return,
    };
    *value = naive.into();
}

/// Whether a `TouchConnection` has to notice it: it writes, in a table with rules, and bypasses them.
#[must_use]
pub fn is_noticed(schema: &Schema, what: &What, token: &str) -> bool {
    let number = what.table() as usize % schema.tables.len();
    let (What::Bypass(_, sets) | What::Raw(_, sets)) = what else {
        return false;
    };
    schema.rules.iter().any(|rule| rule.from == number)
        && !values(&schema.tables[number], sets, token).is_empty()
}

/// Runs something, and counts what the library warns of meanwhile.
pub async fn warned<T>(action: impl Future<Output = T>) -> (T, usize) {
    static PROCESS: Once = Once::new();
    // A callsite that a task without a subscriber meets first would be taken for one that interests nobody.
    PROCESS.call_once(|| set_global_default(NoSubscriber::default()).expect("no other subscriber"));
    let warnings = Warnings::default();
    let output = action.with_subscriber(warnings.clone()).await;
    (output, warnings.0.load(SeqCst))
}

/// Hears warnings of the library, and no spans.
#[derive(Clone, Default)]
struct Warnings(Arc<AtomicUsize>);

impl Subscriber for Warnings {
    fn enabled(&self, of: &Metadata<'_>) -> bool {
        of.is_event() && *of.level() == Level::WARN && of.target().starts_with("touchable")
    }

    fn event(&self, _: &Event<'_>) {
        self.0.fetch_add(1, SeqCst);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
