//! Entities that publish themselves, with keys of every kind, and some that lead to them.
//!
//! ```text
//! continent ──any──► countries ──any──► teams ──name──► members, badges      member ──any──► team      node ──any──► parent
//! teams ──motto──► a time of its members, ──points──► a number of its members
//! ```
//!
//! Teams, nodes and tokens have streams with their tables' names, members and badges share `people`; continents,
//! countries and the links between teams and badges are not published.

use sea_orm::{Set, prelude::Uuid};

use crate::{Table, World, at};

/// The tables.
#[must_use]
pub fn tables() -> Vec<Table> {
    vec![
        Table::of::<continent::Entity>(),
        Table::of::<country::Entity>(),
        Table::of::<team::Entity>(),
        Table::of::<member::Entity>(),
        Table::of::<badge::Entity>(),
        Table::of::<team_badge::Entity>(),
        Table::of::<node::Entity>(),
        Table::of::<token::Entity>(),
    ]
}

/// A team as it was a while ago.
#[must_use]
pub fn team(id: i32, country: Option<i32>) -> team::ActiveModel {
    team::ActiveModel {
        id: Set(id),
        name: Set(format!("team {id}")),
        motto: Set("a".to_owned()),
        points: Set(0),
        country_id: Set(country),
        updated_at: Set(at(i64::from(id))),
    }
}

/// A member as they were a while ago.
#[must_use]
pub fn member(team: i32, no: i32) -> member::ActiveModel {
    member::ActiveModel {
        team_id: Set(team),
        no: Set(no),
        name: Set("a".to_owned()),
        motto_seen_at: Set(at(5)),
        points_seen: Set(1),
        updated_at: Set(at(100 + i64::from(no))),
    }
}

/// A badge as it was a while ago.
#[must_use]
pub fn badge(code: &str) -> badge::ActiveModel {
    badge::ActiveModel {
        code: Set(code.to_owned()),
        updated_at: Set(at(200)),
    }
}

/// A link as it was a while ago.
#[must_use]
pub fn team_badge(team: i32, badge: &str) -> team_badge::ActiveModel {
    team_badge::ActiveModel {
        team_id: Set(team),
        badge_code: Set(badge.to_owned()),
        updated_at: Set(at(300)),
    }
}

/// The key of a node.
#[must_use]
pub const fn node_id(id: u128) -> Uuid {
    Uuid::from_u128(id)
}

/// A node as it was a while ago.
#[must_use]
pub fn node(id: u128, parent: Option<u128>) -> node::ActiveModel {
    node::ActiveModel {
        id: Set(node_id(id)),
        label: Set("a".to_owned()),
        parent_id: Set(parent.map(node_id)),
        updated_at: Set(at(400)),
    }
}

/// A token as it was a while ago.
#[must_use]
pub fn token(id: i64) -> token::ActiveModel {
    token::ActiveModel {
        id: Set(id),
        label: Set("a".to_owned()),
        lock_no: Set(1),
        updated_at: Set(at(500)),
    }
}

/// Two countries of a continent. Team 1 with members 1 and 2 and badges `gold` and `Æ'`, and team 2 with member 1 are in country 1; team 3
/// with badge `gold` is in none. Nodes 1 ─ 2 ─ 3, and 4; tokens 1 and 2.
pub async fn populate(world: &World) {
    let continent = continent::ActiveModel {
        id: Set(1),
        name: Set("continent 1".to_owned()),
        updated_at: Set(at(700)),
    };
    world.seed([continent]).await;
    let country = |id| country::ActiveModel {
        id: Set(id),
        name: Set(format!("country {id}")),
        continent_id: Set(Some(1)),
        updated_at: Set(at(600)),
    };
    world.seed([1, 2].map(country)).await;
    world
        .seed([team(1, Some(1)), team(2, Some(1)), team(3, None)])
        .await;
    world.seed([member(1, 1), member(1, 2), member(2, 1)]).await;
    world.seed(["gold", "Æ'", "lead"].map(badge)).await;
    world
        .seed([team_badge(1, "gold"), team_badge(1, "Æ'"), team_badge(3, "gold")])
        .await;
    for (id, parent) in [(1, None), (2, Some(1)), (3, Some(2)), (4, None)] {
        world.seed([node(id, parent)]).await;
    }
    world.seed([token(1), token(2)]).await;
}

pub mod continent {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "continents")]
    #[touch(countries)]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub countries: HasMany<super::country::Entity>,
    }
}

pub mod country {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "countries")]
    #[touch(teams)]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub continent_id: Option<i32>,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "continent_id", to = "id")]
        pub continent: BelongsTo<Option<super::continent::Entity>>,
        #[sea_orm(has_many)]
        pub teams: HasMany<super::team::Entity>,
    }
}

pub mod team {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "teams")]
    #[touch(members, on_fields = [name])]
    #[touch(members, on_fields = [motto], columns = [motto_seen_at])]
    #[touch(members, on_fields = [points], columns = [points_seen])]
    #[touch(badges, on_fields = [name])]
    #[touchable(feed)]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub motto: String,
        pub points: i32,
        pub country_id: Option<i32>,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "country_id", to = "id", on_delete = "SetNull")]
        pub country: BelongsTo<Option<super::country::Entity>>,
        #[sea_orm(has_many)]
        pub members: HasMany<super::member::Entity>,
        #[sea_orm(has_many, via = "team_badge")]
        pub badges: HasMany<super::badge::Entity>,
    }
}

pub mod member {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "members")]
    #[touch(team)]
    #[touchable(feed = "people")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub team_id: i32,
        #[sea_orm(primary_key, auto_increment = false)]
        pub no: i32,
        pub name: String,
        pub motto_seen_at: DateTimeUtc,
        pub points_seen: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "team_id", to = "id", on_delete = "Cascade")]
        pub team: BelongsTo<super::team::Entity>,
    }
}

pub mod badge {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "badges")]
    #[touchable(feed = "people")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false, column_type = "String(StringLen::N(64))")]
        pub code: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many, via = "team_badge")]
        pub teams: HasMany<super::team::Entity>,
    }
}

pub mod team_badge {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "team_badges")]
    #[touch(team)]
    #[touch(badge)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub team_id: i32,
        #[sea_orm(primary_key, auto_increment = false, column_type = "String(StringLen::N(64))")]
        pub badge_code: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "team_id", to = "id", on_delete = "Cascade")]
        pub team: BelongsTo<super::team::Entity>,
        #[sea_orm(belongs_to, from = "badge_code", to = "code", on_delete = "Cascade")]
        pub badge: BelongsTo<super::badge::Entity>,
    }
}

pub mod node {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "nodes")]
    #[touch(parent)]
    #[touchable(feed)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub label: String,
        pub parent_id: Option<Uuid>,
        pub updated_at: DateTimeUtc,
        #[sea_orm(
            self_ref,
            relation_enum = "Parent",
            relation_reverse = "Children",
            from = "parent_id",
            to = "id",
            on_delete = "SetNull"
        )]
        pub parent: BelongsTo<Option<Entity>>,
        #[sea_orm(self_ref, relation_enum = "Children", relation_reverse = "Parent")]
        pub children: HasMany<Entity>,
    }
}

pub mod token {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "tokens")]
    #[touchable(feed, version = lock_no)]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub label: String,
        pub lock_no: i32,
        pub updated_at: DateTimeUtc,
    }
}
