//! What the derive generates is documented and meets pedantic clippy: `cargo clippy --all-targets` reads this file.

#![deny(
    warnings,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs
)]

/// A dense entity.
pub mod event {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    /// An event.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "events")]
    #[touch(tasks, on_fields = [name], columns = [event_touched_at])]
    #[touch(tags, except_fields = [location])]
    #[touch(following, on = [update])]
    #[touch(linked = super::EventToTags)]
    #[touchable(created_at, version = lock_no)]
    pub struct Model {
        /// Its key.
        #[sea_orm(primary_key)]
        pub id: i32,
        /// Its name.
        pub name: String,
        /// Where it is.
        pub location: String,
        /// How often it was written.
        pub lock_no: i32,
        /// When it was inserted.
        pub created_at: DateTimeUtc,
        /// When it was touched.
        pub updated_at: DateTimeUtc,
        /// What there is to do.
        #[sea_orm(has_many)]
        pub tasks: HasMany<super::task::Entity>,
        /// What it is about.
        #[sea_orm(has_many, via = "event_tag")]
        pub tags: HasMany<super::tag::Entity>,
        /// The events before it.
        #[sea_orm(self_ref, via = "event_order", from = "Event", to = "Next")]
        pub preceding: HasMany<Entity>,
        /// The events after it.
        #[sea_orm(self_ref, via = "event_order", reverse)]
        pub following: HasMany<Entity>,
    }
}

/// A dense entity with hooks of its own.
pub mod task {
    use sea_orm::{ConnectionTrait, entity::prelude::*};
    use touchable::Touchable;

    /// A task.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "tasks")]
    #[touchable(hooks = manual, dirty = assigned)]
    pub struct Model {
        /// Its key.
        #[sea_orm(primary_key)]
        pub id: i32,
        /// Its event.
        pub event_id: i32,
        /// When something moved that it shows of its event.
        pub event_touched_at: DateTimeUtc,
        /// When it was touched.
        pub updated_at: Option<DateTimeUtc>,
        /// The event it belongs to.
        #[sea_orm(belongs_to, from = "event_id", to = "id")]
        #[touch]
        pub event: BelongsTo<super::event::Entity>,
    }

    #[async_trait::async_trait]
    impl ActiveModelBehavior for ActiveModel {
        async fn before_save<C: ConnectionTrait>(self, db: &C, insert: bool) -> Result<Self, DbErr> {
            self.touch_before_save(db, insert).await
        }

        async fn after_save<C: ConnectionTrait>(model: Model, db: &C, insert: bool) -> Result<Model, DbErr> {
            Self::touch_after_save(model, db, insert).await
        }

        async fn before_delete<C: ConnectionTrait>(self, db: &C) -> Result<Self, DbErr> {
            self.touch_before_delete(db).await
        }

        async fn after_delete<C: ConnectionTrait>(self, db: &C) -> Result<Self, DbErr> {
            self.touch_after_delete(db).await
        }
    }
}

/// A dense entity without rules.
pub mod tag {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    /// A tag.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "tags")]
    pub struct Model {
        /// Its key.
        #[sea_orm(primary_key)]
        pub id: i32,
        /// When it was touched.
        pub updated_at: DateTimeUtc,
        /// What is about it.
        #[sea_orm(has_many, via = "event_tag")]
        pub events: HasMany<super::event::Entity>,
    }
}

/// A junction.
pub mod event_tag {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    /// Links an event and a tag.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "events_tags")]
    #[touch(event)]
    #[touch(tag)]
    pub struct Model {
        /// The event.
        #[sea_orm(primary_key)]
        pub event_id: i32,
        /// The tag.
        #[sea_orm(primary_key)]
        pub tag_id: i32,
        /// When it was touched.
        pub updated_at: DateTimeUtc,
        /// The event.
        #[sea_orm(belongs_to, from = "event_id", to = "id")]
        pub event: BelongsTo<super::event::Entity>,
        /// The tag.
        #[sea_orm(belongs_to, from = "tag_id", to = "id")]
        pub tag: BelongsTo<super::tag::Entity>,
    }
}

/// A junction between events.
pub mod event_order {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    /// Links an event and the next.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "event_orders")]
    pub struct Model {
        /// The event.
        #[sea_orm(primary_key)]
        pub event_id: i32,
        /// The next.
        #[sea_orm(primary_key)]
        pub next_id: i32,
        /// When it was touched.
        pub updated_at: DateTimeUtc,
        /// The event.
        #[sea_orm(belongs_to, from = "event_id", to = "id")]
        pub event: BelongsTo<super::event::Entity>,
        /// The next.
        #[sea_orm(belongs_to, relation_enum = "Next", from = "next_id", to = "id")]
        pub next: BelongsTo<super::event::Entity>,
    }
}

/// A legacy entity.
pub mod note {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    /// A note.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "notes")]
    #[touch(Answers, entity = Entity, on_fields = [text])]
    pub struct Model {
        /// Its key.
        #[sea_orm(primary_key)]
        pub id: i32,
        /// The note it answers.
        pub question_id: Option<i32>,
        /// What it says.
        pub text: String,
        /// When it was touched.
        pub updated_at: DateTime,
    }

    /// Its relations.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        /// The note it answers.
        #[sea_orm(belongs_to = "Entity", from = "Column::QuestionId", to = "Column::Id")]
        Question,
        /// The notes that answer it.
        #[sea_orm(has_many = "Entity", via_rel = "Relation::Question")]
        Answers,
    }
}

/// The way from an event to its tags.
#[derive(Debug)]
pub struct EventToTags;

impl sea_orm::Linked for EventToTags {
    type FromEntity = event::Entity;
    type ToEntity = tag::Entity;

    fn link(&self) -> Vec<sea_orm::RelationDef> {
        use sea_orm::RelationTrait;
        vec![
            event_tag::Relation::Event.def().rev(),
            event_tag::Relation::Tag.def(),
        ]
    }
}

#[test]
fn rules_are_there() {
    use touchable::Touchable;
    let associations: Vec<_> = event::Entity::RULES.iter().map(|rule| rule.association).collect();
    assert_eq!(associations, ["tasks", "tags", "following", "EventToTags"]);
    assert_eq!(task::Entity::RULES.len(), 1);
    assert_eq!(tag::Entity::RULES.len(), 0);
    assert_eq!(event_tag::Entity::RULES.len(), 2);
    assert_eq!(event_order::Entity::RULES.len(), 0);
    assert_eq!(note::Entity::RULES.len(), 1);
}
