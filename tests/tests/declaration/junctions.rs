//! Through a junction to another entity, and several ways to one entity.

mod cake {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "cakes")]
    #[touch(bakers, on_fields = [name])]
    #[touch(assistants, on_fields = [name])]
    #[touch(taster, on_fields = [name])]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many, via = "cake_baker::Cake")]
        pub bakers: HasMany<super::baker::Entity>,
        #[sea_orm(has_many, relation_enum = "Assistant", via = "cake_baker::Cake")]
        pub assistants: HasMany<super::baker::Entity>,
        #[sea_orm(has_one, via = "tasting")]
        pub taster: HasOne<super::taster::Entity>,
    }
}

mod baker {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "bakers")]
    #[touch(cakes, on_fields = [name])]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many, via = "cake_baker::Baker")]
        pub cakes: HasMany<super::cake::Entity>,
    }
}

mod cake_baker {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "cakes_bakers")]
    #[touch(cake)]
    #[touch(baker)]
    #[touch(assistant)]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub cake_id: i32,
        #[sea_orm(primary_key)]
        pub baker_id: i32,
        pub assistant_id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "cake_id", to = "id")]
        pub cake: BelongsTo<super::cake::Entity>,
        #[sea_orm(belongs_to, relation_enum = "Baker", from = "baker_id", to = "id")]
        pub baker: BelongsTo<super::baker::Entity>,
        #[sea_orm(belongs_to, relation_enum = "Assistant", from = "assistant_id", to = "id")]
        pub assistant: BelongsTo<super::baker::Entity>,
    }

    // SeaORM leaves this to us where two fields lead to one entity
    impl Related<super::baker::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Baker.def()
        }
    }
}

mod tasting {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "tastings")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        #[sea_orm(unique)]
        pub cake_id: i32,
        #[sea_orm(unique)]
        pub taster_id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "cake_id", to = "id")]
        pub cake: BelongsTo<super::cake::Entity>,
        #[sea_orm(belongs_to, from = "taster_id", to = "id")]
        pub taster: BelongsTo<super::taster::Entity>,
    }
}

mod taster {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "tasters")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_one, via = "tasting")]
        pub cake: HasOne<super::cake::Entity>,
    }
}

#[test]
fn through_a_junction() {
    assert_eq!(
        super::rules::<cake::Entity>(),
        [
            "bakers: only name; on create+update+delete; [] \
             cakes.id -> cakes_bakers.cake_id, cakes_bakers.baker_id -> bakers.id",
            "assistants: only name; on create+update+delete; [] \
             cakes.id -> cakes_bakers.cake_id, cakes_bakers.assistant_id -> bakers.id",
            "taster: only name; on create+update+delete; [] \
             cakes.id -> tastings.cake_id, tastings.taster_id -> tasters.id",
        ]
    );
    assert_eq!(
        super::rules::<baker::Entity>(),
        ["cakes: only name; on create+update+delete; [] \
          bakers.id -> cakes_bakers.baker_id, cakes_bakers.cake_id -> cakes.id"]
    );
}

#[test]
fn two_relations_to_one_entity() {
    assert_eq!(
        super::rules::<cake_baker::Entity>(),
        [
            "cake: any; on create+update+delete; [] cakes_bakers.cake_id -> cakes.id",
            "baker: any; on create+update+delete; [] cakes_bakers.baker_id -> bakers.id",
            "assistant: any; on create+update+delete; [] cakes_bakers.assistant_id -> bakers.id",
        ]
    );
}
