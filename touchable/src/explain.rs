//! What a save would touch, without saving.

use std::fmt;

use sea_orm::{ActiveModelTrait, ConnectionTrait};

use crate::{
    dialect,
    entity::{Event, Key, Schema, Touchable, display_key, primary_key_of_active},
    error::{Error, Result},
    save::{children_of, judge_unsent, new_parents, parents_of, read},
    touch::{Entry, Except, Plan, Sql, Touch, is_suppressed, plan},
};

/// How many keys are listed for each table and set of columns.
const LISTED: usize = 1_000;

/// The rows that a save would touch. The row itself is not among them: its own save moves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    event: Event,
    row: String,
    entries: Vec<Explained>,
}

/// The rows of one table that would be touched in the same columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    table: &'static str,
    columns: Vec<&'static str>,
    rules: Vec<&'static str>,
    keys: Vec<String>,
    rows: u64,
}

/// Says which rows `am.save(db)` would touch, and by which rule; changes nothing and locks nothing.
///
/// As with `save` an active model without a complete primary key is an insert, any other an update
/// ([`explain_insert`] for keys that the application gives). The rules are judged by the code that judges them in a
/// save, and the rows are found with the conditions of the real UPDATEs: one SELECT each. Nothing holds the database
/// still in between: what others write meanwhile may show in one table and not in another; a transaction helps.
///
/// Two things can only be known to the save itself: what a hook of the application changes on the way, and a foreign
/// key that the database fills in. An association with a condition on the saved row is asked of the row as it is
/// stored; on insert every row that the key names is listed.
///
/// # Errors
/// When an update's row does not exist ([`Error::is_record_not_found`]) or the database refuses a SELECT.
///
/// # Example: ask before renaming
///
/// ```no_run
/// # async fn ask<A>(event: A, db: &sea_orm::DatabaseConnection) -> touchable::Result<()>
/// # where A: sea_orm::ActiveModelTrait + Send, A::Entity: touchable::Touchable {
/// let explanation = touchable::explain(&event, db).await?;
/// println!("{explanation}"); // an update of events/1 touches 2 rows
///                            //   tasks.updated_at: 1, 2 (by events -> tasks)
/// # Ok(())
/// # }
/// ```
pub async fn explain<A, C>(am: &A, db: &C) -> Result<Explanation>
where
    A: ActiveModelTrait + Send,
    A::Entity: Touchable,
    C: ConnectionTrait,
{
    let Ok(key) = primary_key_of_active(am) else {
        return explain_insert(am, db).await;
    };
    let judged = judge_unsent(am.clone(), db, &key).await?;
    let (assigned, judged, fired) = judged.ok_or_else(|| not_found::<A::Entity>(&key))?;
    let entries = assigned.fired(&key, &judged, &fired);
    look::<A::Entity, C>(db, Event::Update, Some(key), entries).await
}

/// Says which rows `am.insert(db)` would touch. See [`explain`].
///
/// # Errors
/// When the database refuses a SELECT.
pub async fn explain_insert<A, C>(am: &A, db: &C) -> Result<Explanation>
where
    A: ActiveModelTrait + Send,
    A::Entity: Touchable,
    C: ConnectionTrait,
{
    let schema = A::Entity::schema();
    let parents = new_parents(am).into_iter();
    let entries = parents
        .map(|(rule, key)| Entry::parent(schema, rule, key))
        .collect();
    look::<A::Entity, C>(db, Event::Create, None, entries).await
}

/// Says which rows `am.delete(db)` would touch. See [`explain`].
///
/// Rows that the database deletes together with this one (`ON DELETE CASCADE`) are listed when a rule names them: they
/// are touched before they go.
///
/// # Errors
/// When the primary key is not set ([`Error::is_key_not_set`]), the row does not exist
/// ([`Error::is_record_not_found`]), or the database refuses a SELECT.
pub async fn explain_delete<A, C>(am: &A, db: &C) -> Result<Explanation>
where
    A: ActiveModelTrait + Send,
    A::Entity: Touchable,
    C: ConnectionTrait,
{
    let key = primary_key_of_active(am)?;
    let stored = read::<A::Entity, C>(db, &key, None)
        .await?
        .ok_or_else(|| not_found::<A::Entity>(&key))?;
    let mut entries = children_of::<A::Entity>(&stored, &key);
    entries.extend(parents_of::<A::Entity>(&stored, &key));
    look::<A::Entity, C>(db, Event::Delete, Some(key), entries).await
}

fn not_found<E: Touchable>(key: &Key) -> Error {
    Error::record_not_found(E::schema().name, display_key(key))
}

/// Finds the rows that these entries come to.
async fn look<E, C>(db: &C, event: Event, row: Option<Key>, entries: Vec<Entry>) -> Result<Explanation>
where
    E: Touchable,
    C: ConnectionTrait,
{
    dialect::check(db.get_database_backend())?;
    let schema = E::schema();
    let name = row.as_ref().map_or_else(
        || schema.name.to_owned(),
        |key| format!("{}/{}", schema.name, display_key(key)),
    );
    let mut plan: Plan = plan(entries, is_suppressed);
    if let Some(row) = row {
        plan.spare(schema, &Except::Row(row));
    }
    let mut entries = Vec::new();
    for touch in &plan.touches {
        let found = find(db, touch).await?;
        if found.rows > 0 {
            entries.push(found);
        }
    }
    Ok(Explanation {
        event,
        row: name,
        entries,
    })
}

async fn find<C: ConnectionTrait>(db: &C, touch: &Touch) -> Result<Explained> {
    let target: &Schema = touch.target;
    let sql = Sql::new(db.get_database_backend());
    let columns: Vec<String> = (0..target.primary_key.len()).map(|i| format!("k{i}")).collect();
    let found = db
        .query_all_raw(sql.select_touched(touch, LISTED as u64 + 1))
        .await?;
    let mut rows = found.len() as u64;
    if found.len() > LISTED
        && let Some(count) = db.query_one_raw(sql.count_touched(touch)).await?
    {
        rows = u64::try_from(count.try_get::<i64>("", "n")?).unwrap_or_default();
    }
    let keys = found
        .iter()
        .take(LISTED)
        .map(|row| Ok(display_key(&(target.rows.key)(row, &columns)?)))
        .collect::<Result<_>>()?;
    Ok(Explained {
        table: target.name,
        columns: touch.bumped().collect(),
        rules: touch.rules.iter().map(|reason| reason.label()).collect(),
        keys,
        rows,
    })
}

impl Explanation {
    /// The touches, one for each table and set of columns, in the order in which they would be made.
    #[must_use]
    pub fn entries(&self) -> &[Explained] {
        &self.entries
    }

    /// Whether the save would touch nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many rows would be touched.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.entries.iter().map(Explained::rows).sum()
    }
}

impl Explained {
    /// The table.
    #[must_use]
    pub const fn table(&self) -> &'static str {
        self.table
    }

    /// The columns that would be bumped.
    #[must_use]
    pub fn columns(&self) -> &[&'static str] {
        &self.columns
    }

    /// The rules that lead here, cascades included, each as `events -> tasks`.
    #[must_use]
    pub fn rules(&self) -> &[&'static str] {
        &self.rules
    }

    /// The primary keys of the first 1,000 rows in their order, as text: `5`, or `eu/7` for one of two columns.
    #[must_use]
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// How many rows there are in all.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }
}

/// A list: what is asked about, then a line for each table.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let event = match self.event {
            Event::Create => "an insert into",
            Event::Update => "an update of",
            Event::Delete => "a delete of",
            Event::Touch => "a touch of",
        };
        match self.rows() {
            0 => write!(f, "{event} {} touches nobody", self.row)?,
            1 => write!(f, "{event} {} touches 1 row", self.row)?,
            rows => write!(f, "{event} {} touches {rows} rows", self.row)?,
        }
        self.entries.iter().try_for_each(|entry| write!(f, "\n  {entry}"))
    }
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}: ", self.table, self.columns.join("+"))?;
        f.write_str(&self.keys.join(", "))?;
        let more = self.rows.saturating_sub(self.keys.len() as u64);
        if more > 0 {
            write!(f, " and {more} more")?;
        }
        write!(f, " (by {})", self.rules.join(", "))
    }
}
