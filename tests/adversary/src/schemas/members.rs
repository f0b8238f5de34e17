//! Users and groups, joined by two junctions: one with a key of its own, whose rows can move and can say the same twice,
//! and one whose key is the pair.
//!
//! ```text
//! user ──name──► memberships, groups (through them)     membership ──any──► user, group
//! user ──all but zone──► follows                        follow ──any──► user, group
//! group ──title──► users (through follows)              group ──motto──► memberships
//! ```

use sea_orm::prelude::Uuid;
use touchable_tests::Backend;

use super::{EVERYWHERE, nothing};
use crate::{
    perform::entity,
    schema::{Column, Hop, Rule, Schema, Table},
};

const USER: usize = 0;
const GROUP: usize = 1;
const MEMBERSHIP: usize = 2;
const FOLLOW: usize = 3;

/// Keys that sort in another order as text than by number of the row, with bytes above 127.
const USERS: [Uuid; 3] = [
    Uuid::from_u128(0xf0e1_0000_0000_4000_8000_0000_0000_00ff),
    Uuid::from_u128(0x0a0b_0000_0000_4000_8000_0000_0000_0001),
    Uuid::from_u128(0x8000_0000_0000_4000_8000_0000_0000_0000),
];
const GROUPS: [Uuid; 3] = [
    Uuid::from_u128(1),
    Uuid::from_u128(u128::MAX),
    Uuid::from_u128(0x2700_0000_0000_4000_8000_0000_0000_0027),
];

/// The schema.
#[must_use]
pub fn schema(_: Backend) -> Schema {
    let memberships = [11, 12, 13, 14].map(Uuid::from_u128);
    let pairs = [(0, 0), (1, 0), (0, 1), (1, 1)];
    Schema {
        name: "members",
        backends: EVERYWHERE,
        tables: vec![
            Table::new(
                entity::<user::Entity>(),
                "uid",
                USERS,
                vec![
                    Column::of("name", ["a", "b", "A"]),
                    Column::of("zone", ["a", "b"]),
                    Column::note(),
                ],
            ),
            Table::new(
                entity::<group::Entity>(),
                "uid",
                GROUPS,
                vec![
                    Column::of("title", ["a", "b"]),
                    Column::of("motto", [None, Some("a"), Some("")]),
                    Column::note(),
                ],
            ),
            Table::new(
                entity::<membership::Entity>(),
                "uid",
                memberships,
                vec![
                    Column::of("role", ["a", "b"]),
                    Column::of("user_uid", USERS).seeds([0, 0, 1]).leads(),
                    Column::of("group_uid", GROUPS).seeds([0, 1, 1]).leads(),
                    Column::note(),
                ],
            ),
            Table::with_key(
                entity::<follow::Entity>(),
                2,
                pairs
                    .map(|(user, group): (usize, usize)| vec![USERS[user].into(), GROUPS[group].into()])
                    .into(),
                vec![
                    Column::of("user_uid", USERS),
                    Column::of("group_uid", GROUPS),
                    Column::of("weight", [0, 1]),
                    Column::note(),
                ],
            ),
        ],
        rules: vec![
            Rule::only(USER, ["name"], vec![Hop::to(MEMBERSHIP, "uid", "user_uid")]),
            Rule::only(
                USER,
                ["name"],
                vec![
                    Hop::to(MEMBERSHIP, "uid", "user_uid"),
                    Hop::to(GROUP, "group_uid", "uid"),
                ],
            ),
            Rule::except(USER, ["zone"], vec![Hop::to(FOLLOW, "uid", "user_uid")]),
            Rule::only(
                GROUP,
                ["title"],
                vec![
                    Hop::to(FOLLOW, "uid", "group_uid"),
                    Hop::to(USER, "user_uid", "uid"),
                ],
            ),
            Rule::only(GROUP, ["motto"], vec![Hop::to(MEMBERSHIP, "uid", "group_uid")]),
            Rule::any(MEMBERSHIP, vec![Hop::to(USER, "user_uid", "uid")]),
            Rule::any(MEMBERSHIP, vec![Hop::to(GROUP, "group_uid", "uid")]),
            Rule::any(FOLLOW, vec![Hop::to(USER, "user_uid", "uid")]),
            Rule::any(FOLLOW, vec![Hop::to(GROUP, "group_uid", "uid")]),
        ],
        before: nothing,
        after: nothing,
    }
}

mod user {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "users")]
    #[touch(memberships, on_fields = [name])]
    #[touch(groups, on_fields = [name])]
    #[touch(follows, except_fields = [zone])]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub uid: Uuid,
        pub name: String,
        pub zone: String,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub memberships: HasMany<super::membership::Entity>,
        #[sea_orm(has_many)]
        pub follows: HasMany<super::follow::Entity>,
        #[sea_orm(has_many, via = "membership")]
        pub groups: HasMany<super::group::Entity>,
    }
}

mod group {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "groups")]
    #[touch(users, on_fields = [title])]
    #[touch(memberships, on_fields = [motto])]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub uid: Uuid,
        pub title: String,
        pub motto: Option<String>,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub memberships: HasMany<super::membership::Entity>,
        #[sea_orm(has_many)]
        pub follows: HasMany<super::follow::Entity>,
        #[sea_orm(has_many, via = "follow")]
        pub users: HasMany<super::user::Entity>,
    }
}

mod membership {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "memberships")]
    #[touch(user)]
    #[touch(group)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub uid: Uuid,
        pub role: String,
        pub user_uid: Uuid,
        pub group_uid: Uuid,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "user_uid", to = "uid")]
        pub user: BelongsTo<super::user::Entity>,
        #[sea_orm(belongs_to, from = "group_uid", to = "uid")]
        pub group: BelongsTo<super::group::Entity>,
    }
}

mod follow {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "follows")]
    #[touch(user)]
    #[touch(group)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub user_uid: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub group_uid: Uuid,
        pub weight: i32,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "user_uid", to = "uid")]
        pub user: BelongsTo<super::user::Entity>,
        #[sea_orm(belongs_to, from = "group_uid", to = "uid")]
        pub group: BelongsTo<super::group::Entity>,
    }
}
