//! The writes: what each does to the model, and how it is done to the database.

use std::collections::BTreeSet;

use proptest::{option, prelude::*};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, ModelTrait,
    NotSet, QueryFilter, Set, TransactionTrait, Unchanged, sea_query::Expr,
};
use touchable::{TouchAll, TouchMany, TouchRecord};
use touchable_tests::{
    World,
    entities::society::{event, participant, task, user},
};

use crate::model::{Event, IDS, Model, Moved, Task, TaskFields, User, touch_ends, touch_event};

/// A task of this user, of this event, or any.
#[derive(Clone, Copy, Debug)]
pub enum Which {
    OfUser(i32),
    OfEvent(i32),
    All,
}

#[expect(clippy::option_option, reason = "a column is set, set to null, or not set")]
#[derive(Clone, Debug)]
pub enum Kind {
    InsertEvent(i32),
    InsertUser(i32),
    InsertTask(i32, Option<i32>, Option<i32>),
    InsertParticipant(i32, i32),
    UpdateUser(i32, Option<String>, Option<String>),
    UpdateEvent(i32, Option<String>, Option<String>),
    UpdateTask(i32, Option<String>, Option<Option<i32>>, Option<Option<i32>>),
    UpdateParticipant(i32, i32, String),
    DeleteUser(i32),
    DeleteEvent(i32),
    DeleteTask(i32),
    DeleteParticipant(i32, i32),
    UpdateManyUsers(String),
    UpdateManyEvents(i32, String),
    RetitleMany(Which, String),
    MoveMany(Which, Option<i32>),
    DeleteManyTasks(Which),
    DeleteManyEvents(i32),
    DeleteManyParticipants(i32),
    InsertManyTasks(Vec<(Option<i32>, Option<i32>)>),
    InsertManyParticipants(BTreeSet<(i32, i32)>),
    TouchUser(i32),
    TouchEvent(i32),
    TouchTask(i32),
    TouchParticipant(i32, i32),
    TouchAllTasks(Which),
}

#[derive(Clone, Debug)]
pub struct Write {
    kind: Kind,
    /// On a loaded model, or on one that knows its key only.
    loaded: bool,
    on: On,
}

/// The connection that a write is done on.
#[derive(Clone, Copy, Debug)]
pub enum On {
    /// SeaORM's, in autocommit.
    Plain,
    PlainTransaction,
    /// Ours, outside a transaction.
    Touch,
    TouchTransaction,
    /// A savepoint in a transaction of ours.
    TouchSavepoint,
}

impl On {
    /// Where an unwatched column that is set to what is stored moves the row's stamp.
    pub const fn is_plain(self) -> bool {
        matches!(self, Self::Plain | Self::PlainTransaction)
    }
}

pub fn writes() -> impl Strategy<Value = Write> {
    use On::*;
    let on = proptest::sample::select(vec![
        Plain,
        PlainTransaction,
        Touch,
        TouchTransaction,
        TouchSavepoint,
    ]);
    (kinds(), any::<bool>(), on).prop_map(|(kind, loaded, on)| Write { kind, loaded, on })
}

fn kinds() -> impl Strategy<Value = Kind> {
    use Kind::*;
    let id = || 1..=IDS;
    let task_id = || 1..=6;
    let parent = || option::of(id());
    let text = || proptest::sample::select(vec!["a", "b", "A"]).prop_map(str::to_owned);
    let which = || {
        prop_oneof![
            id().prop_map(Which::OfUser),
            id().prop_map(Which::OfEvent),
            Just(Which::All)
        ]
    };
    let singles = prop_oneof![
        id().prop_map(InsertEvent),
        id().prop_map(InsertUser),
        (task_id(), parent(), parent()).prop_map(|(id, event, user)| InsertTask(id, event, user)),
        (id(), id()).prop_map(|(user, event)| InsertParticipant(user, event)),
        (id(), option::of(text()), option::of(text()))
            .prop_map(|(id, name, zone)| UpdateUser(id, name, zone)),
        (id(), option::of(text()), option::of(text()))
            .prop_map(|(id, name, place)| UpdateEvent(id, name, place)),
        (
            task_id(),
            option::of(text()),
            option::of(parent()),
            option::of(parent())
        )
            .prop_map(|(id, title, event, user)| UpdateTask(id, title, event, user)),
        (id(), id(), text()).prop_map(|(user, event, role)| UpdateParticipant(user, event, role)),
        id().prop_map(DeleteUser),
        id().prop_map(DeleteEvent),
        task_id().prop_map(DeleteTask),
        (id(), id()).prop_map(|(user, event)| DeleteParticipant(user, event)),
    ];
    let bulk = prop_oneof![
        text().prop_map(UpdateManyUsers),
        (id(), text()).prop_map(|(from, name)| UpdateManyEvents(from, name)),
        (which(), text()).prop_map(|(which, title)| RetitleMany(which, title)),
        (which(), parent()).prop_map(|(which, event)| MoveMany(which, event)),
        which().prop_map(DeleteManyTasks),
        id().prop_map(DeleteManyEvents),
        id().prop_map(DeleteManyParticipants),
        proptest::collection::vec((parent(), parent()), 1..=4).prop_map(InsertManyTasks),
        proptest::collection::btree_set((id(), id()), 1..=3).prop_map(InsertManyParticipants),
    ];
    let touches = prop_oneof![
        id().prop_map(TouchUser),
        id().prop_map(TouchEvent),
        task_id().prop_map(TouchTask),
        (id(), id()).prop_map(|(user, event)| TouchParticipant(user, event)),
        which().prop_map(TouchAllTasks),
    ];
    prop_oneof![5 => singles, 3 => bulk, 1 => touches]
}

/// The keys of new rows in a batch lie above those of single inserts.
fn batch_id(model: &Model) -> i32 {
    model.tasks.keys().last().copied().unwrap_or_default().max(100) + 1
}

impl Which {
    fn matches(self, task: &Task) -> bool {
        match self {
            Self::OfUser(id) => task.user == Some(id),
            Self::OfEvent(id) => task.event == Some(id),
            Self::All => true,
        }
    }

    fn of(self, model: &Model) -> Vec<i32> {
        let matching = model.tasks.iter().filter(|(_, task)| self.matches(task));
        matching.map(|(id, _)| *id).collect()
    }

    fn filter(self) -> sea_orm::sea_query::SimpleExpr {
        match self {
            Self::OfUser(id) => task::Column::UserId.eq(id),
            Self::OfEvent(id) => task::Column::EventId.eq(id),
            Self::All => task::Column::Id.gt(0),
        }
    }
}

impl Write {
    /// Does the write to the model. `None` when the data does not allow it.
    pub fn expect(&self, model: &mut Model) -> Option<Moved> {
        let mut moved = Moved::new();
        let to = &mut moved;
        match &self.kind {
            Kind::InsertEvent(id) => {
                let new = Event {
                    name: "a".into(),
                    location: "a".into(),
                };
                allowed(model.events.insert(*id, new).is_none())?;
                to.insert(format!("+events {id}"));
            }
            Kind::InsertUser(id) => {
                let new = User {
                    name: "a".into(),
                    zone: "a".into(),
                };
                allowed(model.users.insert(*id, new).is_none())?;
                to.insert(format!("+users {id}"));
            }
            Kind::InsertTask(id, event, user) => insert_task(model, *id, *event, *user, to)?,
            Kind::InsertParticipant(user, event) => insert_participant(model, (*user, *event), to)?,
            Kind::UpdateUser(id, name, zone) => {
                model.users.get(id)?;
                model.save_user(*id, name.as_deref(), zone.as_deref(), self.on, to);
            }
            Kind::UpdateEvent(id, name, location) => {
                model.events.get(id)?;
                model.save_event(*id, name.as_deref(), location.as_deref(), self.on, to);
            }
            Kind::UpdateTask(id, title, event, user) => {
                model.tasks.get(id)?;
                let change = Task {
                    title: title.clone().unwrap_or_default(),
                    event: event.unwrap_or_default(),
                    user: user.unwrap_or_default(),
                };
                allowed(model.has_event(change.event) && model.has_user(change.user))?;
                let set = TaskFields {
                    title: title.is_some(),
                    event: event.is_some(),
                    user: user.is_some(),
                };
                model.save_task(*id, &change, set, to);
            }
            Kind::UpdateParticipant(user, event, role) => {
                let key = (*user, *event);
                let old = model.participants.get_mut(&key)?;
                if old != role {
                    old.clone_from(role);
                    to.insert(format!("participants {user}/{event}"));
                    touch_ends(key, to);
                }
            }
            Kind::DeleteUser(id) => {
                model.users.get(id)?;
                model.delete_user(*id, to);
            }
            Kind::DeleteEvent(id) => {
                model.events.get(id)?;
                model.delete_event(*id, to);
            }
            Kind::DeleteTask(id) => {
                model.tasks.get(id)?;
                model.delete_task(*id, to);
            }
            Kind::DeleteParticipant(user, event) => {
                model.participants.get(&(*user, *event))?;
                model.delete_participant((*user, *event), to);
            }
            Kind::TouchUser(id) => {
                model.users.get(id)?;
                to.insert(format!("users {id}"));
            }
            Kind::TouchEvent(id) => {
                model.events.get(id)?;
                to.insert(format!("events {id}"));
            }
            Kind::TouchTask(id) => {
                model.tasks.get(id)?;
                model.touch_task(*id, to);
            }
            Kind::TouchParticipant(user, event) => {
                model.participants.get(&(*user, *event))?;
                to.insert(format!("participants {user}/{event}"));
                touch_ends((*user, *event), to);
            }
            bulk => expect_bulk(bulk, model, to)?,
        }
        Some(moved)
    }

    pub async fn run(&self, world: &World) {
        let touching = touchable::connect(world.db.clone()).strict();
        match self.on {
            On::Plain => self.run_on(&world.db).await,
            On::PlainTransaction => {
                let transaction = world.db.begin().await.expect("a transaction");
                self.run_on(&transaction).await;
                transaction.commit().await.expect("a commit");
            }
            On::Touch => self.run_on(&touching).await,
            On::TouchTransaction => {
                let transaction = touching.begin().await.expect("a transaction");
                self.run_on(&transaction).await;
                transaction.commit().await.expect("a commit");
            }
            On::TouchSavepoint => {
                let transaction = touching.begin().await.expect("a transaction");
                let savepoint = transaction.begin().await.expect("a savepoint");
                self.run_on(&savepoint).await;
                savepoint.commit().await.expect("a release");
                transaction.commit().await.expect("a commit");
            }
        }
        assert_eq!(touching.registered(), 0, "announced and not sent: {self:?}");
    }

    async fn run_on<C: ConnectionTrait + TransactionTrait>(&self, db: &C) {
        match &self.kind {
            Kind::InsertEvent(id) => drop(event(*id).insert(db).await.unwrap()),
            Kind::InsertUser(id) => drop(user(*id).insert(db).await.unwrap()),
            Kind::InsertTask(id, event, user) => {
                drop(task(*id, *event, *user).insert(db).await.unwrap());
            }
            Kind::InsertParticipant(user, event) => {
                drop(participant(*user, *event).insert(db).await.unwrap());
            }
            Kind::UpdateUser(id, name, zone) => {
                let mut user = if self.loaded {
                    load::<user::Entity, C>(db, *id).await.into_active_model()
                } else {
                    user::ActiveModel {
                        id: Unchanged(*id),
                        ..Default::default()
                    }
                };
                set(&mut user.name, name.as_ref());
                set(&mut user.zone, zone.as_ref());
                user.save(db).await.unwrap();
            }
            Kind::UpdateEvent(id, name, location) => {
                let mut event = if self.loaded {
                    load::<event::Entity, C>(db, *id).await.into_active_model()
                } else {
                    event::ActiveModel {
                        id: Unchanged(*id),
                        ..Default::default()
                    }
                };
                set(&mut event.name, name.as_ref());
                set(&mut event.location, location.as_ref());
                event.update(db).await.unwrap();
            }
            Kind::UpdateTask(id, title, event, user) => {
                let mut task = if self.loaded {
                    load::<task::Entity, C>(db, *id).await.into_active_model()
                } else {
                    task::ActiveModel {
                        id: Unchanged(*id),
                        ..Default::default()
                    }
                };
                set(&mut task.title, title.as_ref());
                set(&mut task.event_id, event.as_ref());
                set(&mut task.user_id, user.as_ref());
                task.update(db).await.unwrap();
            }
            Kind::UpdateParticipant(user, event, role) => {
                let row = participant::ActiveModel {
                    user_id: Unchanged(*user),
                    event_id: Unchanged(*event),
                    role: Set(role.clone()),
                    updated_at: NotSet,
                };
                row.update(db).await.unwrap();
            }
            Kind::DeleteUser(id) if self.loaded => {
                load::<user::Entity, C>(db, *id).await.delete(db).await.unwrap();
            }
            Kind::DeleteUser(id) => {
                let user = user::ActiveModel {
                    id: Unchanged(*id),
                    ..Default::default()
                };
                user.delete(db).await.unwrap();
            }
            Kind::DeleteEvent(id) => {
                load::<event::Entity, C>(db, *id).await.delete(db).await.unwrap();
            }
            Kind::DeleteTask(id) if self.loaded => {
                load::<task::Entity, C>(db, *id).await.delete(db).await.unwrap();
            }
            Kind::DeleteTask(id) => {
                let task = task::ActiveModel {
                    id: Unchanged(*id),
                    ..Default::default()
                };
                task.delete(db).await.unwrap();
            }
            Kind::DeleteParticipant(user, event) => {
                let row = load::<participant::Entity, C>(db, (*user, *event)).await;
                row.delete(db).await.unwrap();
            }
            Kind::TouchUser(id) => drop(load::<user::Entity, C>(db, *id).await.touch(db).await.unwrap()),
            Kind::TouchEvent(id) => drop(load::<event::Entity, C>(db, *id).await.touch(db).await.unwrap()),
            Kind::TouchTask(id) => drop(load::<task::Entity, C>(db, *id).await.touch(db).await.unwrap()),
            Kind::TouchParticipant(user, event) => {
                let row = load::<participant::Entity, C>(db, (*user, *event)).await;
                row.touch(db).await.unwrap();
            }
            bulk => run_bulk(bulk, db).await,
        }
    }
}

fn expect_bulk(kind: &Kind, model: &mut Model, to: &mut Moved) -> Option<()> {
    match kind {
        Kind::UpdateManyUsers(name) => {
            for id in model.users.keys().copied().collect::<Vec<_>>() {
                model.save_user(id, Some(name), None, On::Plain, to);
            }
        }
        Kind::UpdateManyEvents(from, name) => {
            for id in model.events.range(from..).map(|(id, _)| *id).collect::<Vec<_>>() {
                model.save_event(id, Some(name), None, On::Plain, to);
            }
        }
        Kind::RetitleMany(which, title) => {
            let change = Task {
                title: title.clone(),
                event: None,
                user: None,
            };
            let set = TaskFields {
                title: true,
                event: false,
                user: false,
            };
            for id in which.of(model) {
                model.save_task(id, &change, set, to);
            }
        }
        Kind::MoveMany(which, event) => {
            allowed(model.has_event(*event))?;
            let change = Task {
                title: String::new(),
                event: *event,
                user: None,
            };
            let set = TaskFields {
                title: false,
                event: true,
                user: false,
            };
            for id in which.of(model) {
                model.save_task(id, &change, set, to);
            }
        }
        Kind::DeleteManyTasks(which) => {
            for id in which.of(model) {
                model.delete_task(id, to);
            }
        }
        Kind::DeleteManyEvents(from) => {
            for id in model.events.range(from..).map(|(id, _)| *id).collect::<Vec<_>>() {
                model.delete_event(id, to);
            }
        }
        Kind::DeleteManyParticipants(event) => {
            let keys: Vec<_> = model
                .participants
                .keys()
                .copied()
                .filter(|key| key.1 == *event)
                .collect();
            for key in keys {
                model.delete_participant(key, to);
            }
        }
        Kind::InsertManyTasks(tasks) => {
            for (event, user) in tasks {
                insert_task(model, batch_id(model), *event, *user, to)?;
            }
        }
        Kind::InsertManyParticipants(keys) => {
            for key in keys {
                insert_participant(model, *key, to)?;
            }
        }
        Kind::TouchAllTasks(which) => {
            for id in which.of(model) {
                model.touch_task(id, to);
            }
        }
        single => unreachable!("{single:?} is no bulk write"),
    }
    Some(())
}

async fn run_bulk<C: ConnectionTrait + TransactionTrait>(kind: &Kind, db: &C) {
    match kind {
        Kind::UpdateManyUsers(name) => {
            let write = user::Entity::update_many().col_expr(user::Column::Name, Expr::value(name));
            write.touching().exec(db).await.unwrap();
        }
        Kind::UpdateManyEvents(from, name) => {
            let write = event::Entity::update_many().col_expr(event::Column::Name, Expr::value(name));
            write
                .filter(event::Column::Id.gte(*from))
                .touching()
                .exec(db)
                .await
                .unwrap();
        }
        Kind::RetitleMany(which, title) => {
            let write = task::Entity::update_many().col_expr(task::Column::Title, Expr::value(title));
            write.filter(which.filter()).touching().exec(db).await.unwrap();
        }
        Kind::MoveMany(which, event) => {
            let write = task::Entity::update_many().col_expr(task::Column::EventId, Expr::value(*event));
            write.filter(which.filter()).touching().exec(db).await.unwrap();
        }
        Kind::DeleteManyTasks(which) => {
            let write = task::Entity::delete_many().filter(which.filter());
            write.touching().exec(db).await.unwrap();
        }
        Kind::DeleteManyEvents(from) => {
            let write = event::Entity::delete_many().filter(event::Column::Id.gte(*from));
            write.touching().exec(db).await.unwrap();
        }
        Kind::DeleteManyParticipants(event) => {
            let write = participant::Entity::delete_many().filter(participant::Column::EventId.eq(*event));
            write.touching().exec(db).await.unwrap();
        }
        Kind::InsertManyTasks(tasks) => {
            let last = task::Entity::find()
                .all(db)
                .await
                .unwrap()
                .iter()
                .map(|task| task.id)
                .max();
            let first = last.unwrap_or_default().max(100) + 1;
            let rows = (first..)
                .zip(tasks)
                .map(|(id, (event, user))| task(id, *event, *user));
            task::Entity::insert_many(rows).touching().exec(db).await.unwrap();
        }
        Kind::InsertManyParticipants(keys) => {
            let rows = keys.iter().map(|(user, event)| participant(*user, *event));
            participant::Entity::insert_many(rows)
                .touching()
                .exec(db)
                .await
                .unwrap();
        }
        Kind::TouchAllTasks(which) => {
            task::Entity::touch_all(task::Entity::find().filter(which.filter()), db)
                .await
                .unwrap();
        }
        single => unreachable!("{single:?} is no bulk write"),
    }
}

fn insert_task(
    model: &mut Model,
    id: i32,
    event: Option<i32>,
    user: Option<i32>,
    to: &mut Moved,
) -> Option<()> {
    allowed(model.has_event(event) && model.has_user(user))?;
    allowed(
        model
            .tasks
            .insert(
                id,
                Task {
                    title: "a".into(),
                    event,
                    user,
                },
            )
            .is_none(),
    )?;
    to.insert(format!("+tasks {id}"));
    touch_event(event, to);
    Some(())
}

fn insert_participant(model: &mut Model, key: (i32, i32), to: &mut Moved) -> Option<()> {
    allowed(model.has_user(Some(key.0)) && model.has_event(Some(key.1)))?;
    allowed(model.participants.insert(key, "a".into()).is_none())?;
    to.insert(format!("+participants {}/{}", key.0, key.1));
    touch_ends(key, to);
    Some(())
}

fn allowed(condition: bool) -> Option<()> {
    condition.then_some(())
}

fn set<T: Clone + Into<sea_orm::Value>>(field: &mut ActiveValue<T>, value: Option<&T>) {
    if let Some(value) = value {
        *field = Set(value.clone());
    }
}

async fn load<E: EntityTrait, C: ConnectionTrait>(
    db: &C,
    key: impl Into<<E::PrimaryKey as sea_orm::PrimaryKeyTrait>::ValueType>,
) -> E::Model {
    E::find_by_id(key)
        .one(db)
        .await
        .unwrap()
        .expect("a row with this key")
}
