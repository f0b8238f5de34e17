//! `update(..).touching()`, `update_many().touching()`.

use std::marker::PhantomData;

use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbBackend, DbErr, IntoActiveModel, QueryTrait, TransactionTrait,
    UpdateMany, UpdateOne, UpdateResult, ValidatedUpdateOne,
    sea_query::{Alias, LockType, Query, UpdateStatement},
};

use super::{
    super::{flush::flush, hooks::updated_rules, publish},
    Touching, returning,
    stamps::{always, stamps},
    stored::{self, Lock, models_by_key},
    unreadable,
    write::{Step, Turn, Write, execute},
};
use crate::{
    clock::{Clock, Stamp},
    connection::ask,
    dialect::{Captured, table_name},
    entity::{CompiledRule, Dirty, Key, ModelOf, Touchable},
    error::Result,
    touch::{Assigned, Assignment, CHUNK, mysql, of_keys, ours, read_keys, saved},
};

impl<E: Touchable> Touching<UpdateMany<E>> {
    /// Updates the rows that match, the touch columns of those that really change, and what shows them.
    ///
    /// # Errors
    /// When the database refuses; then nothing is changed.
    pub fn exec<C>(self, db: &C) -> impl Future<Output = Result<UpdateResult>> + Send
    where
        C: ConnectionTrait + TransactionTrait,
    {
        let update = Update::<E>::new(self.0.into_query(), false);
        async move { Ok(result(update.execute(db).await?.0)) }
    }

    /// The same; returns the rows.
    ///
    /// # Errors
    /// When the database refuses, or cannot return them (MySQL); then nothing is changed.
    pub fn exec_with_returning<C>(self, db: &C) -> impl Future<Output = Result<Vec<E::Model>>> + Send
    where
        C: ConnectionTrait + TransactionTrait,
    {
        let update = Update::<E>::new(self.0.into_query(), true);
        async move {
            returning::check::<E>(db.get_database_backend(), "UPDATE")?;
            Ok(update.execute(db).await?.1)
        }
    }
}

impl<A> Touching<ValidatedUpdateOne<A>>
where
    A: ActiveModelTrait<Entity: Touchable> + Send,
{
    /// Updates the row, its touch column when it really changes, and what shows it. Returns the row.
    ///
    /// # Errors
    /// When there is no such row, or the database refuses; then nothing is changed.
    pub fn exec<C>(self, db: &C) -> impl Future<Output = Result<ModelOf<A>>> + Send
    where
        ModelOf<A>: IntoActiveModel<A>,
        C: ConnectionTrait + TransactionTrait,
    {
        let statement = self.0.as_query().clone();
        async move {
            if statement.get_values().is_empty() {
                return Ok(ours(self.0.exec(db)).await?);
            }
            let update = Update::<A::Entity>::new(statement, true);
            let (_, mut models) = update.execute(db).await?;
            Ok(models.pop().ok_or(DbErr::RecordNotUpdated)?)
        }
    }

    /// The same; does not return the row.
    ///
    /// # Errors
    /// When there is no such row, or the database refuses; then nothing is changed.
    pub fn exec_without_returning<C>(self, db: &C) -> impl Future<Output = Result<UpdateResult>> + Send
    where
        C: ConnectionTrait + TransactionTrait,
    {
        let statement = self.0.into_query();
        async move {
            let nothing = statement.get_values().is_empty();
            let (rows, _) = Update::<A::Entity>::new(statement, false).execute(db).await?;
            if rows == 0 && !nothing {
                return Err(DbErr::RecordNotUpdated.into());
            }
            Ok(result(rows))
        }
    }
}

impl<A> Touching<UpdateOne<A>>
where
    A: ActiveModelTrait<Entity: Touchable> + Send,
{
    /// Updates the row, its touch column when it really changes, and what shows it. Returns the row.
    ///
    /// # Errors
    /// When the primary key is not set, there is no such row, or the database refuses; then nothing is changed.
    pub fn exec<C>(self, db: &C) -> impl Future<Output = Result<ModelOf<A>>> + Send
    where
        ModelOf<A>: IntoActiveModel<A>,
        C: ConnectionTrait + TransactionTrait,
    {
        let one = self.0.validate();
        async move { Touching(one?).exec(db).await }
    }

    /// The same; does not return the row.
    ///
    /// # Errors
    /// When the primary key is not set, there is no such row, or the database refuses; then nothing is changed.
    pub fn exec_without_returning<C>(self, db: &C) -> impl Future<Output = Result<UpdateResult>> + Send
    where
        C: ConnectionTrait + TransactionTrait,
    {
        let one = self.0.validate();
        async move { Touching(one?).exec_without_returning(db).await }
    }
}

fn result(rows: u64) -> UpdateResult {
    let mut result = UpdateResult::default();
    result.rows_affected = rows;
    result
}

struct Update<E> {
    statement: UpdateStatement,
    /// Whether the rows are returned.
    returns: bool,
    entity: PhantomData<fn() -> E>,
}

impl<E: Touchable> Update<E> {
    const fn new(statement: UpdateStatement, returns: bool) -> Self {
        Self {
            statement,
            returns,
            entity: PhantomData,
        }
    }

    async fn execute<C>(&self, db: &C) -> Result<(u64, Vec<E::Model>)>
    where
        C: ConnectionTrait + TransactionTrait,
    {
        let done = execute(self, E::schema(), db).await?;
        saved(E::schema(), done.0);
        Ok(done)
    }

    fn assigned(&self, backend: DbBackend) -> Assigned {
        let schema = E::schema();
        Assigned {
            schema,
            backend,
            columns: self
                .statement
                .get_values()
                .iter()
                .map(|(column, value)| Assignment {
                    column: column.to_string(),
                    expr: (**value).clone(),
                    value: None,
                })
                .filter(|assignment| schema.version != Some(assignment.column.as_str()))
                .collect(),
            always: E::DIRTY == Dirty::Assigned,
        }
    }

    /// What follows the assignments.
    fn tail(&self, backend: DbBackend) -> Option<Captured> {
        let mut beginning = Query::update();
        beginning.table(E::schema().table.clone());
        for (column, value) in self.statement.get_values() {
            beginning.value(column.clone(), (**value).clone());
        }
        Captured::of(backend, &self.statement).after(&Captured::of(backend, &beginning))
    }

    /// Sends the update of these rows; returns how many there are, and the rows when they are wanted.
    async fn send<C: ConnectionTrait>(
        &self,
        db: &C,
        update: &Assigned,
        keys: &[Key],
        stamp: Stamp,
    ) -> Result<(u64, Vec<E::Model>)> {
        let backend = update.backend;
        let mut statement = rewritten::<E>(update, keys, stamp);
        if backend == DbBackend::MySql {
            let statement = if keys.len() > 1 {
                mysql::by_primary_key(&statement, update.schema)
            } else {
                backend.build(&statement)
            };
            let rows = db.execute_raw(statement).await?.rows_affected();
            let models = if self.returns {
                models_by_key::<E, C>(db, keys, Lock::No).await?
            } else {
                Vec::new()
            };
            return Ok((rows, models));
        }
        if !self.returns {
            let rows = db.execute_raw(backend.build(&statement)).await?.rows_affected();
            return Ok((rows, Vec::new()));
        }
        statement.returning(returning::all_columns::<E>(backend));
        let rows = db.query_all_raw(backend.build(&statement)).await?;
        Ok((rows.len() as u64, returning::models::<E>(&rows)?))
    }
}

impl<E: Touchable> Write for Update<E> {
    type Done = (u64, Vec<E::Model>);

    async fn reaches<C: ConnectionTrait>(&self, db: &C) -> Result<(Vec<Key>, Vec<&'static CompiledRule>)> {
        let backend = db.get_database_backend();
        let tail = self.tail(backend).ok_or_else(|| unreadable(E::schema().name))?;
        let rules: Vec<_> = updated_rules::<E>().collect();
        let concerned = self.assigned(backend).concerned_rules(&rules);
        Ok((stored::matching::<E, C>(db, &tail, Lock::No).await?, concerned))
    }

    async fn write<C: ConnectionTrait>(&self, db: &C, _: &Turn) -> Result<Step<Self::Done>> {
        let schema = E::schema();
        let backend = db.get_database_backend();
        let update = self.assigned(backend);
        let (mut rows, mut models) = (0, Vec::new());
        if update.columns.is_empty() {
            return Ok(Step::Done((rows, models)));
        }
        let tail = self.tail(backend).ok_or_else(|| unreadable(schema.name))?;
        let rules: Vec<_> = updated_rules::<E>().collect();
        for keys in stored::matching::<E, C>(db, &tail, Lock::Update)
            .await?
            .chunks(CHUNK)
        {
            // Taken before that of the touches, as by a save: nothing that shows these rows is older than they are.
            let stamp = Clock::current().stamp();
            flush(db, update.entries(&rules, keys), schema, &update.moving(keys)).await?;
            announce(db, &update, keys).await?;
            let (some, returned) = self.send(db, &update, keys, stamp).await?;
            rows += some;
            models.extend(returned);
        }
        Ok(Step::Done((rows, models)))
    }
}

/// Lets it be published which of these rows will differ.
async fn announce<C: ConnectionTrait>(db: &C, update: &Assigned, keys: &[Key]) -> Result<()> {
    let scope = ask(db);
    if !publish::is_published(scope.as_ref(), update.schema) {
        return Ok(());
    }
    let mut published = update.published(keys);
    // A lock also reads what is committed, where a snapshot would be older.
    published.lock(LockType::Update);
    let published = read_keys(db, update.schema, update.backend.build(&published)).await?;
    publish::rows(scope.as_ref(), update.schema, &published)
}

/// The update of these rows.
fn rewritten<E: Touchable>(update: &Assigned, keys: &[Key], stamp: Stamp) -> UpdateStatement {
    let schema = update.schema;
    let mut statement = Query::update();
    statement
        .table(schema.table.clone())
        .cond_where(of_keys(&table_name(schema), schema, keys));
    let explicit = update.find(schema.touch);
    let explicit = explicit.map(|assignment| (assignment.expr.clone(), always()));
    for (column, value) in stamps::<E>(update, stamp, explicit) {
        statement.value(Alias::new(column), value);
    }
    for Assignment { column, expr, .. } in &update.columns {
        if column != schema.touch {
            statement.value(Alias::new(column), expr.clone());
        }
    }
    statement
}
