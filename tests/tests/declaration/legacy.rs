//! Neither `#[sea_orm::model]` nor `#[sea_orm::compact_model]`: associations are variants of `Relation`.

mod event {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "events")]
    #[touch(Task, on_fields = [name])]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub updated_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(has_many = "super::task::Entity")]
        Task,
    }

    impl Related<super::task::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Task.def()
        }
    }
}

mod task {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "tasks")]
    #[touch(Event)]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub event_id: i32,
        pub updated_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "super::event::Entity",
            from = "Column::EventId",
            to = "super::event::Column::Id"
        )]
        Event,
    }

    impl Related<super::event::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Event.def()
        }
    }
}

#[test]
fn variants_of_relation() {
    let expected = ["Task: only name; on create+update+delete; [] events.id -> tasks.event_id"];
    assert_eq!(super::rules::<event::Entity>(), expected);
    let expected = ["Event: any; on create+update+delete; [] tasks.event_id -> events.id"];
    assert_eq!(super::rules::<task::Entity>(), expected);
}
