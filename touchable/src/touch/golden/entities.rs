//! A small world with an association of each kind.

pub(super) mod event {
    use sea_orm::entity::prelude::*;

    use touchable_derive::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "events")]
    #[touchable(version = revision)]
    #[touch(tasks, on_fields = [name])]
    #[touch(tags, on_fields = [name], columns = [event_touched_at])]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub revision: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub tasks: HasMany<super::task::Entity>,
        #[sea_orm(has_many, via = "event_tag")]
        pub tags: HasMany<super::tag::Entity>,
    }
}

pub(super) mod tag {
    use sea_orm::entity::prelude::*;

    use touchable_derive::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "tags")]
    #[touch(events, on_fields = [label])]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub label: String,
        pub event_touched_at: DateTime,
        pub updated_at: DateTime,
        #[sea_orm(has_many, via = "event_tag")]
        pub events: HasMany<super::event::Entity>,
    }
}

pub(super) mod event_tag {
    use sea_orm::entity::prelude::*;

    use touchable_derive::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "event_tags")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub event_id: i32,
        #[sea_orm(primary_key, auto_increment = false)]
        pub tag_id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "event_id", to = "id")]
        pub event: BelongsTo<super::event::Entity>,
        #[sea_orm(belongs_to, from = "tag_id", to = "id")]
        pub tag: BelongsTo<super::tag::Entity>,
    }
}

pub(super) mod task {
    use sea_orm::entity::prelude::*;

    use touchable_derive::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "tasks")]
    #[touch(event)]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub event_id: Option<i32>,
        pub name: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "event_id", to = "id")]
        pub event: BelongsTo<Option<super::event::Entity>>,
    }
}

/// Shown by its event while it is open.
pub(super) mod ticket {
    use sea_orm::{
        entity::prelude::*,
        sea_query::{ExprTrait, IntoCondition},
    };

    use touchable_derive::Touchable;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "tickets")]
    #[touch(Event, on_fields = [state])]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub event_id: i32,
        pub state: String,
        pub updated_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter)]
    pub enum Relation {
        Event,
    }

    impl RelationTrait for Relation {
        fn def(&self) -> RelationDef {
            Entity::belongs_to(super::event::Entity)
                .from(Column::EventId)
                .to(super::event::Column::Id)
                .on_condition(|tickets, _| Expr::col((tickets, Column::State)).eq("open").into_condition())
                .into()
        }
    }
}

pub(super) mod participant {
    use sea_orm::entity::prelude::*;

    use touchable_derive::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "participants")]
    #[touch(task)]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub task_id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "task_id", to = "id")]
        pub task: BelongsTo<super::task::Entity>,
    }
}

pub(super) mod tree {
    use sea_orm::entity::prelude::*;

    use touchable_derive::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "nodes")]
    #[touch(parent)]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub parent_id: Option<i32>,
        pub updated_at: DateTimeUtc,
        #[sea_orm(self_ref, relation_enum = "Parent", from = "parent_id", to = "id")]
        pub parent: BelongsTo<Option<Entity>>,
    }
}

pub(super) mod circle {
    pub mod left {
        use sea_orm::entity::prelude::*;

        use touchable_derive::Touchable;

        #[sea_orm::model]
        #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
        #[sea_orm(table_name = "lefts")]
        #[touch(rights)]
        pub struct Model {
            #[sea_orm(primary_key)]
            pub id: i32,
            pub updated_at: DateTimeUtc,
            #[sea_orm(has_many)]
            pub rights: HasMany<super::right::Entity>,
        }
    }

    pub mod right {
        use sea_orm::entity::prelude::*;

        use touchable_derive::Touchable;

        #[sea_orm::model]
        #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
        #[sea_orm(table_name = "rights")]
        #[touch(left)]
        pub struct Model {
            #[sea_orm(primary_key)]
            pub id: i32,
            pub left_id: i32,
            pub updated_at: DateTimeUtc,
            #[sea_orm(belongs_to, from = "left_id", to = "id")]
            pub left: BelongsTo<super::left::Entity>,
        }
    }
}
