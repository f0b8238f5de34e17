//! What a save did, as a table.

use std::{error::Error, time::Instant};

use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use sea_orm::{DatabaseConnection, DbErr, IdenStatic};
use touchable::{Touchable, entity::Fields};

use crate::keys::{self, Keys};

/// Runs a save and prints which field changed, which rules that fired, and every key that moved.
///
/// The keys are read from the database before and after; nothing here knows what ought to move.
pub async fn save<T>(
    db: &DatabaseConnection,
    what: &str,
    rules: Vec<String>,
    save: impl Future<Output = Result<T, DbErr>>,
) -> Result<(), Box<dyn Error>> {
    let before = keys::all(db).await?;
    let started = Instant::now();
    save.await?;
    let took = started.elapsed();
    let after = keys::all(db).await?;

    let rules = if rules.is_empty() {
        "none".to_owned()
    } else {
        rules.join(", ")
    };
    println!("\n{what}: rules fired: {rules}");
    let moved = moved(&before, &after);
    let (rows, all, ms) = (moved.row_count(), after.len(), took.as_secs_f64() * 1_000.0);
    if rows > 0 {
        println!("{moved}");
    }
    println!(
        "keys moved: {rows}, stayed: {}; the save took {ms:.1} ms",
        all - rows
    );
    Ok(())
}

fn moved(before: &Keys, after: &Keys) -> Table {
    let mut table = Table::new();
    table
        .load_preset(UTF8_FULL_CONDENSED)
        .set_header(["row", "key before", "key after"]);
    for ((name, id), key) in after {
        let old = before.get(&(*name, *id)).map_or("(new)", String::as_str);
        if old != key {
            table.add_row([&format!("{name} {id}"), old, key]);
        }
    }
    table
}

/// The rules of an entity that a change of one column fires.
pub fn fired<E: Touchable>(changed: E::Column) -> Vec<String> {
    let named = |columns: &[E::Column]| columns.iter().any(|column| column.as_str() == changed.as_str());
    let fires = |fields: &Fields<E::Column>| match fields {
        Fields::Any => true,
        Fields::Only(watched) => named(watched),
        Fields::Except(ignored) => !named(ignored),
    };
    let rules = E::RULES.iter().filter(|rule| fires(&rule.fields));
    rules
        .map(|rule| format!("{} → {}", E::default().as_str(), rule.association))
        .collect()
}
