//! From the data files into the database.

use std::{error::Error, path::Path, str::FromStr};

use csv::StringRecord;
use indicatif::{ProgressBar, ProgressStyle};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
    DatabaseConnection, EntityTrait,
};

use crate::entities::{event, participant, task, user};

/// SQLite binds 32,766 values at most; this stays far below.
const BATCH: usize = 500;

/// Loads every file and answers how many rows there are.
///
/// The columns without a value in the files, the stamps among them, get the defaults that the migrations gave them.
pub async fn everything(db: &DatabaseConnection) -> Result<usize, Box<dyn Error>> {
    let rows = [
        file(db, "users", |row| {
            Ok(user::ActiveModel {
                id: field(row, 0)?,
                first_name: field(row, 1)?,
                last_name: field(row, 2)?,
                time_zone: field(row, 3)?,
                ..Default::default()
            })
        })
        .await?,
        file(db, "events", |row| {
            Ok(event::ActiveModel {
                id: field(row, 0)?,
                name: field(row, 1)?,
                location: field(row, 2)?,
                goal: field(row, 3)?,
                ..Default::default()
            })
        })
        .await?,
        file(db, "tasks", |row| {
            Ok(task::ActiveModel {
                id: field(row, 0)?,
                event_id: field(row, 1)?,
                owner_id: Set(row.get(2).and_then(|id| id.parse().ok())),
                title: field(row, 3)?,
                ..Default::default()
            })
        })
        .await?,
        file(db, "participants", |row| {
            Ok(participant::ActiveModel {
                id: field(row, 0)?,
                user_id: field(row, 1)?,
                event_id: field(row, 2)?,
                ..Default::default()
            })
        })
        .await?,
    ];
    Ok(rows.iter().sum())
}

async fn file<A>(
    db: &DatabaseConnection,
    name: &'static str,
    read: fn(&StringRecord) -> Result<A, Box<dyn Error>>,
) -> Result<usize, Box<dyn Error>>
where
    A: ActiveModelTrait + Send,
{
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("data/{name}.csv"));
    let records = csv::Reader::from_path(path)?.into_records();
    let models = records.map(|row| read(&row?)).collect::<Result<Vec<A>, _>>()?;
    let rows = models.len();
    let bar = ProgressBar::new(rows as u64).with_message(name);
    bar.set_style(ProgressStyle::with_template(
        "{msg:12} {wide_bar} {pos:>5}/{len} rows",
    )?);
    let mut models = models.into_iter().peekable();
    while models.peek().is_some() {
        let batch: Vec<A> = models.by_ref().take(BATCH).collect();
        let loaded = batch.len() as u64;
        A::Entity::insert_many(batch).exec_without_returning(db).await?;
        bar.inc(loaded);
    }
    bar.finish();
    Ok(rows)
}

fn field<T>(row: &StringRecord, index: usize) -> Result<sea_orm::ActiveValue<T>, Box<dyn Error>>
where
    T: FromStr<Err: Error + 'static> + Into<sea_orm::Value>,
{
    match row.get(index) {
        Some(text) => Ok(Set(text.parse()?)),
        None => Ok(NotSet),
    }
}
