//! What to do about an error of the database.

use sea_orm::DbErr;

use crate::cache::store::failed::Explained;

/// The error with an advice in front, where there is one. SeaORM keeps codes behind features that only an application
/// can choose; the text is always there.
pub(super) fn explain(error: DbErr, table: &str) -> Box<dyn std::error::Error + Send + Sync> {
    let text = error.to_string();
    let says = |words: &[&str]| words.iter().any(|words| text.contains(words));
    let advice = if says(&[
        "read-only transaction",
        "readonly database",
        "read-only option",
        "READ ONLY",
    ]) {
        "the database can only be read; give the store a connection that may write".to_owned()
    } else if says(&["no such table", "does not exist", "doesn't exist"]) {
        format!(
            "the table `{table}` is not there; create it with `manager.cache_entries().up()` of touchable-migrations"
        )
    } else {
        return error.into();
    };
    Explained {
        advice,
        source: error,
    }
    .into()
}
