//! Associations that are `Linked` chains: a company shows in the cards of everybody in its teams.
//!
//! Written in `SeaORM`'s legacy format, with its associations named by `Relation` variants.

use sea_orm::Set;

use crate::{Table, World, at};

/// The tables.
#[must_use]
pub fn tables() -> Vec<Table> {
    vec![
        Table::of::<company::Entity>(),
        Table::of::<team::Entity>(),
        Table::of::<person::Entity>(),
        Table::of::<card::Entity>(),
    ]
}

/// Two companies. Company 1 has teams 1 and 2, company 2 has team 3; person N is in team N, person 4 in none; card N
/// belongs to person N.
pub async fn populate(world: &World) {
    world
        .seed([1, 2].map(|id| company::ActiveModel {
            id: Set(id),
            name: Set(format!("company {id}")),
            slogan: Set("onwards".to_owned()),
            color: Set("red".to_owned()),
            notes: Set(String::new()),
            updated_at: Set(at(1)),
        }))
        .await;
    world
        .seed([(1, 1), (2, 1), (3, 2)].map(|(id, company)| team::ActiveModel {
            id: Set(id),
            company_id: Set(company),
            updated_at: Set(at(2)),
        }))
        .await;
    world
        .seed(
            [(1, Some(1)), (2, Some(2)), (3, Some(3)), (4, None)].map(|(id, team)| person::ActiveModel {
                id: Set(id),
                name: Set(format!("person {id}")),
                team_id: Set(team),
                updated_at: Set(at(3)),
            }),
        )
        .await;
    world
        .seed([1, 2, 3, 4].map(|id| card::ActiveModel {
            id: Set(id),
            person_id: Set(id),
            updated_at: Set(at(4)),
        }))
        .await;
}

pub mod company {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "companies")]
    #[touch(linked = CompanyToCards, on_fields = [name])]
    #[touch(linked = CompanyToPeople, on_fields = [slogan])]
    #[touch(Team, on_fields = [color])]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub slogan: String,
        pub color: String,
        pub notes: String,
        pub updated_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(has_many = "super::team::Entity")]
        Team,
    }

    impl Related<super::team::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Team.def()
        }
    }

    #[derive(Clone, Copy, Debug)]
    pub struct CompanyToPeople;

    impl Linked for CompanyToPeople {
        type FromEntity = Entity;
        type ToEntity = super::person::Entity;

        fn link(&self) -> Vec<RelationDef> {
            vec![Relation::Team.def(), super::team::Relation::Person.def()]
        }
    }

    #[derive(Clone, Copy, Debug)]
    pub struct CompanyToCards;

    impl Linked for CompanyToCards {
        type FromEntity = Entity;
        type ToEntity = super::card::Entity;

        fn link(&self) -> Vec<RelationDef> {
            vec![
                Relation::Team.def(),
                super::team::Relation::Person.def(),
                super::person::Relation::Card.def(),
            ]
        }
    }
}

pub mod team {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "teams")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub company_id: i32,
        pub updated_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "super::company::Entity",
            from = "Column::CompanyId",
            to = "super::company::Column::Id",
            on_delete = "Cascade"
        )]
        Company,
        #[sea_orm(has_many = "super::person::Entity")]
        Person,
    }

    impl Related<super::company::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Company.def()
        }
    }

    impl Related<super::person::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Person.def()
        }
    }
}

pub mod person {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "people")]
    #[touch(linked = PersonToCompany)]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub team_id: Option<i32>,
        pub updated_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "super::team::Entity",
            from = "Column::TeamId",
            to = "super::team::Column::Id",
            on_delete = "SetNull"
        )]
        Team,
        #[sea_orm(has_many = "super::card::Entity")]
        Card,
    }

    impl Related<super::team::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Team.def()
        }
    }

    impl Related<super::card::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Card.def()
        }
    }

    #[derive(Clone, Copy, Debug)]
    pub struct PersonToCompany;

    impl Linked for PersonToCompany {
        type FromEntity = Entity;
        type ToEntity = super::company::Entity;

        fn link(&self) -> Vec<RelationDef> {
            vec![Relation::Team.def(), super::team::Relation::Company.def()]
        }
    }
}

pub mod card {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "cards")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub person_id: i32,
        pub updated_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "super::person::Entity",
            from = "Column::PersonId",
            to = "super::person::Column::Id",
            on_delete = "Cascade"
        )]
        Person,
    }

    impl Related<super::person::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Person.def()
        }
    }
}
