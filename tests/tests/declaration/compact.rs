//! `#[sea_orm::compact_model]`: `Relation` is written by hand, and relation fields may lead to its entities.

mod staff {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::compact_model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "staff")]
    #[touch(manages, on_fields = [name])]
    #[touch(ReportsTo, entity = Entity, on = [create])]
    #[touch(Office, on_fields = [name])]
    #[touch(desks)]
    #[touch(entity = super::office::Entity)]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub reports_to_id: Option<i32>,
        pub office_id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(self_ref, relation_enum = "Manages")]
        pub manages: HasMany<Entity>,
        pub desks: HasMany<super::desk::Entity>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(belongs_to = "Entity", from = "Column::ReportsToId", to = "Column::Id")]
        ReportsTo,
        #[sea_orm(has_many = "Entity", via_rel = "Relation::ReportsTo")]
        Manages,
        #[sea_orm(
            belongs_to = "super::office::Entity",
            from = "Column::OfficeId",
            to = "super::office::Column::Id"
        )]
        Office,
        #[sea_orm(has_many = "super::desk::Entity")]
        Desk,
    }

    impl Related<super::office::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Office.def()
        }
    }

    impl Related<super::desk::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Desk.def()
        }
    }
}

mod office {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::compact_model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "offices")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub updated_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
}

mod desk {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::compact_model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "desks")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub staff_id: i32,
        pub updated_at: DateTimeUtc,
        #[touch(on = [create, delete])]
        pub staff: BelongsTo<super::staff::Entity>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "super::staff::Entity",
            from = "Column::StaffId",
            to = "super::staff::Column::Id"
        )]
        Staff,
    }

    impl Related<super::staff::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Staff.def()
        }
    }
}

#[test]
fn fields_and_variants() {
    assert_eq!(
        super::rules::<staff::Entity>(),
        [
            "manages: only name; on create+update+delete; [] staff.id -> staff.reports_to_id",
            "ReportsTo: any; on create; [] staff.reports_to_id -> staff.id",
            "Office: only name; on create+update+delete; [] staff.office_id -> offices.id",
            "desks: any; on create+update+delete; [] staff.id -> desks.staff_id",
            "office: any; on create+update+delete; [] staff.office_id -> offices.id",
        ]
    );
    assert!(super::rules::<office::Entity>().is_empty());
    assert_eq!(
        super::rules::<desk::Entity>(),
        ["staff: any; on create+delete; [] desks.staff_id -> staff.id"]
    );
}
