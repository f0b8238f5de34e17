//! Many-to-many through a junction with a key of two columns and rules of its own.

use sea_orm::Set;

use crate::{Table, World, at};

/// The tables.
#[must_use]
pub fn tables() -> Vec<Table> {
    vec![
        Table::of::<post::Entity>(),
        Table::of::<tag::Entity>(),
        Table::of::<post_tag::Entity>(),
    ]
}

/// A post as it was a while ago.
#[must_use]
pub fn post(id: i32) -> post::ActiveModel {
    post::ActiveModel {
        id: Set(id),
        title: Set(format!("post {id}")),
        updated_at: Set(at(i64::from(id))),
    }
}

/// A tag as it was a while ago.
#[must_use]
pub fn tag(id: i32) -> tag::ActiveModel {
    tag::ActiveModel {
        id: Set(id),
        label: Set(format!("tag {id}")),
        color: Set(None),
        updated_at: Set(at(100 + i64::from(id))),
    }
}

/// A link without a stamp, as rows are that were there before the column was.
#[must_use]
pub fn post_tag(post: i32, tag: i32) -> post_tag::ActiveModel {
    post_tag::ActiveModel {
        post_id: Set(post),
        tag_id: Set(tag),
        updated_at: Set(None),
    }
}

/// Posts 1 to 4 and tags 1 to 3. Tag 1 is on posts 1 and 2, tag 2 on posts 2 and 3.
pub async fn populate(world: &World) {
    world.seed((1..=4).map(post)).await;
    world.seed((1..=3).map(tag)).await;
    world
        .seed([post_tag(1, 1), post_tag(2, 1), post_tag(2, 2), post_tag(3, 2)])
        .await;
}

pub mod post {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "posts")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub title: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many, via = "post_tag")]
        pub tags: HasMany<super::tag::Entity>,
    }
}

pub mod tag {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "tags")]
    #[touch(posts, on_fields = [label])]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub label: String,
        pub color: Option<String>,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many, via = "post_tag")]
        pub posts: HasMany<super::post::Entity>,
    }
}

pub mod post_tag {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "post_tags")]
    #[touch(post)]
    #[touch(tag)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub post_id: i32,
        #[sea_orm(primary_key, auto_increment = false)]
        pub tag_id: i32,
        pub updated_at: Option<DateTimeUtc>,
        #[sea_orm(belongs_to, from = "post_id", to = "id", on_delete = "Cascade")]
        pub post: BelongsTo<super::post::Entity>,
        #[sea_orm(belongs_to, from = "tag_id", to = "id", on_delete = "Cascade")]
        pub tag: BelongsTo<super::tag::Entity>,
    }
}
