//! An application whose own hooks go on after touchable's.

use std::sync::Arc;

use sea_orm::Set;
use tokio::sync::Barrier;
use touchable_tests::{Table, at};

tokio::task_local! {
    /// Where the saves of a scope wait for each other after touchable's part of `before_save`.
    pub static MEETING: Arc<Barrier>;
}

/// The tables.
#[must_use]
pub fn tables() -> Vec<Table> {
    vec![Table::of::<event::Entity>(), Table::of::<task::Entity>()]
}

/// An event as it was a while ago.
#[must_use]
pub fn event(id: i32) -> event::ActiveModel {
    event::ActiveModel {
        id: Set(id),
        updated_at: Set(at(i64::from(id))),
    }
}

/// A task as it was a while ago.
#[must_use]
pub fn task(id: i32, event: i32) -> task::ActiveModel {
    task::ActiveModel {
        id: Set(id),
        title: Set("a".to_owned()),
        event_id: Set(event),
        updated_at: Set(at(100 + i64::from(id))),
    }
}

pub mod event {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "events")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub tasks: HasMany<super::task::Entity>,
    }
}

pub mod task {
    use std::sync::Arc;

    use sea_orm::{Set, entity::prelude::*};
    use touchable::Touchable;

    /// A title that the application refuses.
    pub const REFUSED: &str = "refused";

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "tasks")]
    #[touchable(hooks = manual)]
    #[touch(event)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub title: String,
        pub event_id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "event_id", to = "id", on_delete = "Cascade")]
        pub event: BelongsTo<super::event::Entity>,
    }

    #[sea_orm::prelude::async_trait::async_trait]
    impl ActiveModelBehavior for ActiveModel {
        async fn before_save<C: ConnectionTrait>(self, db: &C, insert: bool) -> Result<Self, DbErr> {
            let prepared = self.touch_before_save(db, insert).await?;
            if let Ok(meeting) = super::MEETING.try_with(Arc::clone) {
                meeting.wait().await;
            }
            match &prepared.title {
                Set(title) if title == REFUSED => Err(DbErr::Custom("a title that is refused".to_owned())),
                _ => Ok(prepared),
            }
        }

        async fn after_save<C: ConnectionTrait>(model: Model, db: &C, insert: bool) -> Result<Model, DbErr> {
            Self::touch_after_save(model, db, insert).await
        }

        async fn before_delete<C: ConnectionTrait>(self, db: &C) -> Result<Self, DbErr> {
            let prepared = self.touch_before_delete(db).await?;
            match &prepared.title {
                Set(title) if title == REFUSED => Err(DbErr::Custom("a title that is refused".to_owned())),
                _ => Ok(prepared),
            }
        }

        async fn after_delete<C: ConnectionTrait>(self, db: &C) -> Result<Self, DbErr> {
            self.touch_after_delete(db).await
        }
    }
}
