//! A `Linked` chain of several hops.

mod user {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "users")]
    #[touch(linked = super::UserToEvents, on_fields = [name])]
    #[touch(participants, on_fields = [name])]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub participants: HasMany<super::participant::Entity>,
    }
}

mod participant {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "participants")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub user_id: i32,
        pub event_id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "user_id", to = "id")]
        pub user: BelongsTo<super::user::Entity>,
        #[sea_orm(belongs_to, from = "event_id", to = "id")]
        pub event: BelongsTo<super::event::Entity>,
    }
}

mod event {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "events")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub participants: HasMany<super::participant::Entity>,
    }
}

use sea_orm::entity::prelude::*;

struct UserToEvents;

impl Linked for UserToEvents {
    type FromEntity = user::Entity;
    type ToEntity = event::Entity;

    fn link(&self) -> Vec<RelationDef> {
        vec![
            participant::Relation::User.def().rev(),
            participant::Relation::Event.def(),
        ]
    }
}

#[test]
fn every_hop_in_order() {
    assert_eq!(
        super::rules::<user::Entity>(),
        [
            "UserToEvents: only name; on create+update+delete; [] \
             users.id -> participants.user_id, participants.event_id -> events.id",
            "participants: only name; on create+update+delete; [] users.id -> participants.user_id",
        ]
    );
}
