//! Behaviours 26 to 30: what a `TouchConnection` adds to the hooks.

mod after_commit;
mod atomic;
mod bad_input;
mod bypass;
mod bypassing;
mod drop_in;
mod locking;
mod merging;
mod retrying;

use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, Set, Unchanged};
use touchable::{TouchConnection, connect};
use touchable_tests::{World, entities::board};

/// A `TouchConnection` on the world's pool.
fn touching(world: &World) -> TouchConnection {
    connect(world.db.clone())
}

fn named_event(id: i32, name: &str) -> board::event::ActiveModel {
    board::event::ActiveModel {
        id: Unchanged(id),
        name: Set(name.to_owned()),
        ..Default::default()
    }
}

async fn rename_event(db: &impl ConnectionTrait, id: i32, name: &str) -> Result<(), DbErr> {
    named_event(id, name).update(db).await.map(drop)
}
