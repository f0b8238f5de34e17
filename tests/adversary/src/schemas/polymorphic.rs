//! A comment is about a post or a photo: its `subject_type` says which table its `subject_id` is a key of.
//!
//! ```text
//! comment ──any──► post or photo      post ──title──► comments
//! ```

use touchable_tests::Backend;

use super::{EVERYWHERE, nothing};
use crate::{
    perform::entity,
    schema::{Column, Hop, Rule, Schema, Table},
};

const POST: usize = 0;
const PHOTO: usize = 1;
const COMMENT: usize = 2;

/// The schema.
#[must_use]
pub fn schema(_: Backend) -> Schema {
    let subject = || vec![Column::of("title", ["a", "b"]), Column::note()];
    let about = |table, kind| Hop::to(table, "subject_id", "id").from_where("subject_type", kind);
    Schema {
        name: "polymorphic",
        backends: EVERYWHERE,
        tables: vec![
            // A comment can be about a post that is gone.
            Table::new(entity::<post::Entity>(), "id", [1, 2, 3], subject()).closed(),
            Table::new(entity::<photo::Entity>(), "id", [1, 2, 3], subject()),
            Table::new(
                entity::<comment::Entity>(),
                "id",
                [1, 2, 3, 4],
                vec![
                    Column::of("subject_type", ["post", "photo", "nothing"]).seeds([0, 1, 0]),
                    Column::of("subject_id", [Some(1), Some(2), None])
                        .seeds([0, 0, 1])
                        .leads(),
                    Column::note(),
                ],
            ),
        ],
        rules: vec![
            Rule::only(
                POST,
                ["title"],
                vec![Hop::to(COMMENT, "id", "subject_id").to_where("subject_type", "post")],
            ),
            Rule::any(COMMENT, vec![about(POST, "post")]),
            Rule::any(COMMENT, vec![about(PHOTO, "photo")]),
        ],
        before: nothing,
        after: nothing,
    }
}

mod post {
    use sea_orm::{
        entity::prelude::*,
        sea_query::{ExprTrait, IntoCondition},
    };
    use touchable::Touchable;

    use super::comment;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "posts")]
    #[touch(Comment, on_fields = [title])]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub title: String,
        pub note: String,
        pub updated_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter)]
    pub enum Relation {
        Comment,
    }

    impl RelationTrait for Relation {
        fn def(&self) -> RelationDef {
            let comments = comment::Relation::Post.def().rev();
            comments.on_condition(|_, comments| {
                Expr::col((comments, comment::Column::SubjectType))
                    .eq("post")
                    .into_condition()
            })
        }
    }
}

mod photo {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "photos")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub title: String,
        pub note: String,
        pub updated_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
}

mod comment {
    use sea_orm::{
        entity::prelude::*,
        sea_query::{ExprTrait, IntoCondition},
    };
    use touchable::Touchable;

    use super::{photo, post};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "comments")]
    #[touch(Post)]
    #[touch(Photo)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub subject_type: String,
        pub subject_id: Option<i32>,
        pub note: String,
        pub updated_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter)]
    pub enum Relation {
        Post,
        Photo,
    }

    impl RelationTrait for Relation {
        fn def(&self) -> RelationDef {
            match self {
                Self::Post => Entity::belongs_to(post::Entity)
                    .from(Column::SubjectId)
                    .to(post::Column::Id)
                    .skip_fk()
                    .on_condition(|comments, _| {
                        Expr::col((comments, Column::SubjectType))
                            .eq("post")
                            .into_condition()
                    })
                    .into(),
                Self::Photo => Entity::belongs_to(photo::Entity)
                    .from(Column::SubjectId)
                    .to(photo::Column::Id)
                    .skip_fk()
                    .on_condition(|comments, _| {
                        Expr::col((comments, Column::SubjectType))
                            .eq("photo")
                            .into_condition()
                    })
                    .into(),
            }
        }
    }
}
