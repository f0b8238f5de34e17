//! Posts that are saved with all that belongs to them in one call: an `ActiveModelEx`. The entities are declared twice,
//! with the library's hooks and without any: what SeaORM alone does is the control.
//!
//! ```text
//! post ──any──► author            author ──name──► posts
//! comment ──any──► post           part ──any──► post
//! tag ──label──► posts            link ──any──► post, tag
//! ```

use touchable_tests::Backend;

use super::{EVERYWHERE, nothing};
use crate::{
    nest::Nesting,
    perform::entity,
    schema::{Column, Hop, Rule, Schema, Table},
};

const AUTHOR: usize = 0;
const POST: usize = 1;
const COMMENT: usize = 2;
const PART: usize = 3;
const TAG: usize = 4;
const LINK: usize = 5;

/// The schema.
#[must_use]
pub fn schema(_: Backend) -> Schema {
    Schema {
        name: "posts",
        backends: EVERYWHERE,
        tables: tables(),
        rules: vec![
            Rule::any(POST, vec![Hop::to(AUTHOR, "author_id", "id")]),
            Rule::only(AUTHOR, ["name"], vec![Hop::to(POST, "id", "author_id")]),
            Rule::any(COMMENT, vec![Hop::to(POST, "post_id", "id")]),
            Rule::any(PART, vec![Hop::to(POST, "post_id", "id")]),
            Rule::only(
                TAG,
                ["label"],
                vec![Hop::to(LINK, "id", "tag_id"), Hop::to(POST, "post_id", "id")],
            ),
            Rule::any(LINK, vec![Hop::to(POST, "post_id", "id")]),
            Rule::any(LINK, vec![Hop::to(TAG, "tag_id", "id")]),
        ],
        before: nothing,
        after: nothing,
    }
}

fn tables() -> Vec<Table> {
    use hooked::{author, comment, link, part, post, tag};
    let named = |name| vec![Column::of(name, ["a", "b"]), Column::note()];
    let of_post = || Column::of("post_id", [1, 2]).seeds([0, 0, 1]).leads();
    let pairs = [(1, 1), (2, 1), (2, 2), (1, 2)];
    let author_id = Column::of("author_id", [Some(1), Some(2), None]);
    let post_id = Column::of("post_id", [Some(1), Some(2), None]);
    vec![
        Table::new(entity::<author::Entity>(), "id", [1, 2, 3], named("name")),
        Table::new(
            entity::<post::Entity>(),
            "id",
            [1, 2, 3],
            vec![
                Column::of("title", ["a", "b"]),
                author_id.seeds([0, 0]).leads(),
                Column::note(),
            ],
        )
        .nests(Nesting {
            relations: [AUTHOR, COMMENT, PART, TAG],
            save: hooked::save,
            alone: alone::save,
        }),
        Table::new(
            entity::<comment::Entity>(),
            "id",
            [1, 2, 3, 4],
            vec![
                Column::of("text", ["a", "b"]),
                post_id.seeds([0, 0, 1]).leads(),
                Column::note(),
            ],
        ),
        Table::new(
            entity::<part::Entity>(),
            "id",
            [1, 2, 3, 4],
            vec![Column::of("text", ["a", "b"]), of_post(), Column::note()],
        ),
        Table::new(entity::<tag::Entity>(), "id", [1, 2, 3], named("label")),
        Table::with_key(
            entity::<link::Entity>(),
            2,
            pairs
                .map(|(post, tag): (i32, i32)| vec![post.into(), tag.into()])
                .into(),
            vec![
                Column::of("post_id", [1, 2]),
                Column::of("tag_id", [1, 2]),
                Column::note(),
            ],
        ),
    ]
}

/// The entities, with a derive and rules or with neither.
macro_rules! entities {
    (
        derive { $($touchable:ident)? }
        behavior { $($behavior:item)? }
        author { $($author:tt)* }
        post { $($post:tt)* }
        comment { $($comment:tt)* }
        part { $($part:tt)* }
        tag { $($tag:tt)* }
        link { $($link:tt)* }
    ) => {
        pub mod author {
            use sea_orm::entity::prelude::*;
            $(use touchable::$touchable;)?

            #[sea_orm::model]
            #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel $(, $touchable)?)]
            #[sea_orm(table_name = "authors")]
            $($author)*
            pub struct Model {
                #[sea_orm(primary_key, auto_increment = false)]
                pub id: i32,
                pub name: String,
                pub note: Option<String>,
                pub updated_at: Option<DateTimeUtc>,
                #[sea_orm(has_many)]
                pub posts: HasMany<super::post::Entity>,
            }

            $($behavior)?
        }

        pub mod post {
            use sea_orm::entity::prelude::*;
            $(use touchable::$touchable;)?

            #[sea_orm::model]
            #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel $(, $touchable)?)]
            #[sea_orm(table_name = "posts")]
            $($post)*
            pub struct Model {
                #[sea_orm(primary_key, auto_increment = false)]
                pub id: i32,
                pub title: String,
                pub author_id: Option<i32>,
                pub note: Option<String>,
                pub updated_at: Option<DateTimeUtc>,
                #[sea_orm(belongs_to, from = "author_id", to = "id")]
                pub author: BelongsTo<Option<super::author::Entity>>,
                #[sea_orm(has_many)]
                pub comments: HasMany<super::comment::Entity>,
                #[sea_orm(has_many)]
                pub parts: HasMany<super::part::Entity>,
                #[sea_orm(has_many, via = "link")]
                pub tags: HasMany<super::tag::Entity>,
            }

            $($behavior)?
        }

        pub mod comment {
            use sea_orm::entity::prelude::*;
            $(use touchable::$touchable;)?

            #[sea_orm::model]
            #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel $(, $touchable)?)]
            #[sea_orm(table_name = "comments")]
            $($comment)*
            pub struct Model {
                #[sea_orm(primary_key, auto_increment = false)]
                pub id: i32,
                pub text: String,
                pub post_id: Option<i32>,
                pub note: Option<String>,
                pub updated_at: Option<DateTimeUtc>,
                #[sea_orm(belongs_to, from = "post_id", to = "id")]
                pub post: BelongsTo<Option<super::post::Entity>>,
            }

            $($behavior)?
        }

        pub mod part {
            use sea_orm::entity::prelude::*;
            $(use touchable::$touchable;)?

            #[sea_orm::model]
            #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel $(, $touchable)?)]
            #[sea_orm(table_name = "parts")]
            $($part)*
            pub struct Model {
                #[sea_orm(primary_key, auto_increment = false)]
                pub id: i32,
                pub text: String,
                pub post_id: i32,
                pub note: Option<String>,
                pub updated_at: Option<DateTimeUtc>,
                #[sea_orm(belongs_to, from = "post_id", to = "id")]
                pub post: BelongsTo<super::post::Entity>,
            }

            $($behavior)?
        }

        pub mod tag {
            use sea_orm::entity::prelude::*;
            $(use touchable::$touchable;)?

            #[sea_orm::model]
            #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel $(, $touchable)?)]
            #[sea_orm(table_name = "tags")]
            $($tag)*
            pub struct Model {
                #[sea_orm(primary_key, auto_increment = false)]
                pub id: i32,
                pub label: String,
                pub note: Option<String>,
                pub updated_at: Option<DateTimeUtc>,
                #[sea_orm(has_many, via = "link")]
                pub posts: HasMany<super::post::Entity>,
            }

            $($behavior)?
        }

        pub mod link {
            use sea_orm::entity::prelude::*;
            $(use touchable::$touchable;)?

            #[sea_orm::model]
            #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel $(, $touchable)?)]
            #[sea_orm(table_name = "links")]
            $($link)*
            pub struct Model {
                #[sea_orm(primary_key, auto_increment = false)]
                pub post_id: i32,
                #[sea_orm(primary_key, auto_increment = false)]
                pub tag_id: i32,
                pub note: Option<String>,
                pub updated_at: Option<DateTimeUtc>,
                #[sea_orm(belongs_to, from = "post_id", to = "id")]
                pub post: BelongsTo<super::post::Entity>,
                #[sea_orm(belongs_to, from = "tag_id", to = "id")]
                pub tag: BelongsTo<super::tag::Entity>,
            }

            $($behavior)?
        }

        use sea_orm::{ActiveHasMany, EntityTrait};

        use super::{AUTHOR, COMMENT, PART, POST, TAG};
        use crate::{
            history::Action,
            nest::{Nested, members},
            perform::Outcome,
        };

        /// Saves a post with what belongs to it.
        pub fn save(nested: Nested<'_>) -> Outcome<'_> {
            Box::pin(async move {
                let root = [(nested.row, nested.nest.sets.clone())];
                let root = members::<post::Entity>(&nested, POST, &root).await?.pop();
                let mut post: post::ActiveModelEx = root.expect("the post").into();
                for relation in &nested.nest.relations {
                    let (rows, replace) = (&relation.rows, relation.replace);
                    match relation.which % 4 {
                        0 => {
                            let author = members::<author::Entity>(&nested, AUTHOR, rows).await?.pop();
                            post = match author {
                                Some(author) => post.set_author(author),
                                None => post.clear_author(),
                            };
                        }
                        1 => {
                            let rows = members::<comment::Entity>(&nested, COMMENT, rows).await?;
                            post.comments = listed(replace, rows);
                        }
                        2 => {
                            let rows = members::<part::Entity>(&nested, PART, rows).await?;
                            post.parts = listed(replace, rows);
                        }
                        _ => {
                            let rows = members::<tag::Entity>(&nested, TAG, rows).await?;
                            post.tags = listed(replace, rows);
                        }
                    }
                }
                match nested.nest.action {
                    Action::Insert => post.insert(nested.db).await.map(drop),
                    Action::Update => post.update(nested.db).await.map(drop),
                    Action::Save => post.save(nested.db).await.map(drop),
                }
            })
        }

        fn listed<E: EntityTrait>(replace: bool, rows: Vec<E::ActiveModel>) -> ActiveHasMany<E>
        where
            E::ActiveModelEx: From<E::ActiveModel>,
        {
            let rows = rows.into_iter().map(Into::into).collect();
            if replace {
                ActiveHasMany::Replace(rows)
            } else {
                ActiveHasMany::Append(rows)
            }
        }
    };
}

#[allow(dead_code, reason = "what SeaORM declares beside")]
mod hooked {
    entities! {
        derive { Touchable }
        behavior {}
        author { #[touch(posts, on_fields = [name])] }
        post { #[touch(author)] }
        comment { #[touch(post)] }
        part { #[touch(post)] }
        tag { #[touch(posts, on_fields = [label])] }
        link { #[touch(post)] #[touch(tag)] }
    }
}

#[allow(dead_code, reason = "what SeaORM declares beside")]
mod alone {
    entities! {
        derive {}
        behavior { impl ActiveModelBehavior for ActiveModel {} }
        author {}
        post {}
        comment {}
        part {}
        tag {}
        link {}
    }
}
