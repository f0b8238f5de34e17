//! `#[sea_orm::model]`: associations are relation fields.

mod event {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "events")]
    #[touch(tasks, on_fields = [name])]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub location: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub tasks: HasMany<super::task::Entity>,
    }
}

mod task {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "tasks")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub event_id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "event_id", to = "id")]
        #[touch]
        pub event: BelongsTo<super::event::Entity>,
    }
}

#[test]
fn on_the_struct_and_on_the_field() {
    let expected = ["tasks: only name; on create+update+delete; [] events.id -> tasks.event_id"];
    assert_eq!(super::rules::<event::Entity>(), expected);
    let expected = ["event: any; on create+update+delete; [] tasks.event_id -> events.id"];
    assert_eq!(super::rules::<task::Entity>(), expected);
}
