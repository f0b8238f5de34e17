//! The society in memory, and who is touched when something in it changes.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{DatabaseConnection, EntityTrait};
use touchable_tests::entities::society::{event, participant, task, user};

use crate::write::On;

/// Keys are small, so that writes meet.
pub const IDS: i32 = 3;

/// The rows that moved, by the names the harness gives them.
pub type Moved = BTreeSet<String>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub name: String,
    pub location: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub zone: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    pub title: String,
    pub event: Option<i32>,
    pub user: Option<i32>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    pub events: BTreeMap<i32, Event>,
    pub users: BTreeMap<i32, User>,
    pub tasks: BTreeMap<i32, Task>,
    /// The roles of those who take part, by user and event.
    pub participants: BTreeMap<(i32, i32), String>,
}

impl Model {
    pub async fn read(db: &DatabaseConnection) -> Self {
        let events = event::Entity::find().all(db).await.expect("events").into_iter();
        let users = user::Entity::find().all(db).await.expect("users").into_iter();
        let tasks = task::Entity::find().all(db).await.expect("tasks").into_iter();
        let participants = participant::Entity::find()
            .all(db)
            .await
            .expect("participants")
            .into_iter();
        Self {
            events: events
                .map(|row| {
                    (
                        row.id,
                        Event {
                            name: row.name,
                            location: row.location,
                        },
                    )
                })
                .collect(),
            users: users
                .map(|row| {
                    (
                        row.id,
                        User {
                            name: row.name,
                            zone: row.zone,
                        },
                    )
                })
                .collect(),
            tasks: tasks
                .map(|row| {
                    (
                        row.id,
                        Task {
                            title: row.title,
                            event: row.event_id,
                            user: row.user_id,
                        },
                    )
                })
                .collect(),
            participants: participants
                .map(|row| ((row.user_id, row.event_id), row.role))
                .collect(),
        }
    }

    pub fn has_event(&self, id: Option<i32>) -> bool {
        id.is_none_or(|id| self.events.contains_key(&id))
    }

    pub fn has_user(&self, id: Option<i32>) -> bool {
        id.is_none_or(|id| self.users.contains_key(&id))
    }

    /// A touched task, and the event that shows it.
    pub fn touch_task(&self, id: i32, moved: &mut Moved) {
        moved.insert(format!("tasks {id}"));
        touch_event(self.tasks[&id].event, moved);
    }

    /// What shows a user's name: their tasks, those tasks' events, and the events they take part in.
    pub fn touch_shown_user(&self, id: i32, moved: &mut Moved) {
        for (task, row) in &self.tasks {
            if row.user == Some(id) {
                self.touch_task(*task, moved);
            }
        }
        for (user, event) in self.participants.keys() {
            if *user == id {
                moved.insert(format!("events {event}"));
            }
        }
    }

    /// What shows an event's name: its tasks.
    pub fn touch_shown_event(&self, id: i32, moved: &mut Moved) {
        for (task, row) in &self.tasks {
            if row.event == Some(id) {
                self.touch_task(*task, moved);
            }
        }
    }

    pub fn save_user(&mut self, id: i32, name: Option<&str>, zone: Option<&str>, on: On, moved: &mut Moved) {
        let user = self.users.get_mut(&id).expect("a user to save");
        let renamed = assign(&mut user.name, name);
        let changed = assign(&mut user.zone, zone) | renamed;
        if changed || (on.is_plain() && is_not_compared(name, zone)) {
            moved.insert(format!("users {id}"));
        }
        if renamed {
            self.touch_shown_user(id, moved);
        }
    }

    pub fn save_event(
        &mut self,
        id: i32,
        name: Option<&str>,
        location: Option<&str>,
        on: On,
        moved: &mut Moved,
    ) {
        let event = self.events.get_mut(&id).expect("an event to save");
        let renamed = assign(&mut event.name, name);
        let changed = assign(&mut event.location, location) | renamed;
        if changed || (on.is_plain() && is_not_compared(name, location)) {
            moved.insert(format!("events {id}"));
        }
        if renamed {
            self.touch_shown_event(id, moved);
        }
    }

    pub fn save_task(&mut self, id: i32, change: &Task, set: TaskFields, moved: &mut Moved) {
        let old = self.tasks[&id].clone();
        let new = self.tasks.get_mut(&id).expect("a task to save");
        if set.title {
            new.title.clone_from(&change.title);
        }
        if set.event {
            new.event = change.event;
        }
        if set.user {
            new.user = change.user;
        }
        if *new != old {
            moved.insert(format!("tasks {id}"));
            touch_event(old.event, moved);
            touch_event(new.event, moved);
        }
    }

    pub fn delete_user(&mut self, id: i32, moved: &mut Moved) {
        self.touch_shown_user(id, moved);
        moved.insert(format!("-users {id}"));
        for task in self.tasks.values_mut().filter(|task| task.user == Some(id)) {
            task.user = None;
        }
        self.cascade(|(user, _)| *user == id, moved);
        self.users.remove(&id);
    }

    pub fn delete_event(&mut self, id: i32, moved: &mut Moved) {
        self.touch_shown_event(id, moved);
        moved.remove(&format!("events {id}"));
        moved.insert(format!("-events {id}"));
        for task in self.tasks.values_mut().filter(|task| task.event == Some(id)) {
            task.event = None;
        }
        self.cascade(|(_, event)| *event == id, moved);
        self.events.remove(&id);
    }

    pub fn delete_task(&mut self, id: i32, moved: &mut Moved) {
        let task = self.tasks.remove(&id).expect("a task to delete");
        moved.insert(format!("-tasks {id}"));
        touch_event(task.event, moved);
    }

    pub fn delete_participant(&mut self, key: (i32, i32), moved: &mut Moved) {
        self.participants.remove(&key).expect("a participant to delete");
        moved.insert(format!("-participants {}/{}", key.0, key.1));
        touch_ends(key, moved);
    }

    /// The database's own deletes, which no hook sees.
    fn cascade(&mut self, gone: impl Fn(&(i32, i32)) -> bool, moved: &mut Moved) {
        self.participants.retain(|key, _| {
            let gone = gone(key);
            if gone {
                moved.insert(format!("-participants {}/{}", key.0, key.1));
            }
            !gone
        });
    }
}

/// Which fields a save sets.
#[derive(Clone, Copy, Debug)]
pub struct TaskFields {
    pub title: bool,
    pub event: bool,
    pub user: bool,
}

/// What shows a participant.
pub fn touch_ends((user, event): (i32, i32), moved: &mut Moved) {
    moved.insert(format!("users {user}"));
    moved.insert(format!("events {event}"));
}

pub fn touch_event(event: Option<i32>, moved: &mut Moved) {
    moved.extend(event.map(|id| format!("events {id}")));
}

/// Where no watched column is set nothing is compared, and the row is written as it stands.
fn is_not_compared(watched: Option<&str>, unwatched: Option<&str>) -> bool {
    watched.is_none() && unwatched.is_some()
}

fn assign(field: &mut String, value: Option<&str>) -> bool {
    match value {
        Some(value) if value != field => {
            value.clone_into(field);
            true
        }
        _ => false,
    }
}
