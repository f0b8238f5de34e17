//! Associations with a condition. A remark is about a post or a photo, which its `kind` says; a pin holds a post as long
//! as it is one of that kind.

use sea_orm::Set;
use touchable_tests::{Table, World, at};

/// The tables.
#[must_use]
pub fn tables() -> Vec<Table> {
    vec![
        Table::of::<post::Entity>(),
        Table::of::<photo::Entity>(),
        Table::of::<remark::Entity>(),
        Table::of::<pin::Entity>(),
        Table::of::<poster::Entity>(),
    ]
}

/// Posts 1 and 2, photos 1 and 2; remark 1 is about post 1, and pin 1 holds it.
pub async fn populate(world: &World) {
    world
        .seed([1, 2].map(|id| post::ActiveModel {
            id: Set(id),
            updated_at: Set(at(i64::from(id))),
        }))
        .await;
    world
        .seed([1, 2].map(|id| photo::ActiveModel {
            id: Set(id),
            updated_at: Set(at(100 + i64::from(id))),
        }))
        .await;
    world
        .seed([remark::ActiveModel {
            id: Set(1),
            text: Set("a".to_owned()),
            kind: Set("post".to_owned()),
            target_id: Set(1),
            updated_at: Set(at(200)),
        }])
        .await;
    world
        .seed([pin::ActiveModel {
            id: Set(1),
            kind: Set("post".to_owned()),
            post_id: Set(1),
            updated_at: Set(at(300)),
        }])
        .await;
}

macro_rules! targets {
    ($($module:ident, $table:literal;)+) => {$(
        pub mod $module {
            use sea_orm::entity::prelude::*;
            use touchable::Touchable;

            #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
            #[sea_orm(table_name = $table)]
            pub struct Model {
                #[sea_orm(primary_key, auto_increment = false)]
                pub id: i32,
                pub updated_at: DateTimeUtc,
            }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}
        }
    )+};
}

targets! {
    post, "posts";
    photo, "photos";
}

pub mod remark {
    use sea_orm::{
        entity::prelude::*,
        sea_query::{ExprTrait, IntoCondition},
    };
    use touchable::Touchable;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "remarks")]
    #[touch(Post, on_fields = [kind, target_id])]
    #[touch(Photo, on_fields = [kind, target_id])]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub text: String,
        pub kind: String,
        pub target_id: i32,
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
                Self::Post => Entity::belongs_to(super::post::Entity)
                    .from(Column::TargetId)
                    .to(super::post::Column::Id)
                    .skip_fk()
                    .on_condition(|remarks, _| Expr::col((remarks, Column::Kind)).eq("post").into_condition())
                    .into(),
                Self::Photo => Entity::belongs_to(super::photo::Entity)
                    .from(Column::TargetId)
                    .to(super::photo::Column::Id)
                    .skip_fk()
                    .on_condition(|remarks, _| {
                        Expr::col((remarks, Column::Kind)).eq("photo").into_condition()
                    })
                    .into(),
            }
        }
    }
}

pub mod pin {
    use sea_orm::{
        entity::prelude::*,
        sea_query::{ExprTrait, IntoCondition},
    };
    use touchable::Touchable;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "pins")]
    #[touch(Post)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub kind: String,
        pub post_id: i32,
        pub updated_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter)]
    pub enum Relation {
        Post,
    }

    impl RelationTrait for Relation {
        fn def(&self) -> RelationDef {
            Entity::belongs_to(super::post::Entity)
                .from(Column::PostId)
                .to(super::post::Column::Id)
                .on_condition(|pins, _| Expr::col((pins, Column::Kind)).eq("post").into_condition())
                .into()
        }
    }
}

/// A poster shows its post as long as that is above a moment's threshold.
pub mod poster {
    use sea_orm::{
        entity::prelude::*,
        sea_query::{ExprTrait, IntoCondition},
    };
    use touchable::Touchable;

    tokio::task_local! {
        /// Posts up to this one are not shown.
        pub static THRESHOLD: i32;
    }

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "posters")]
    #[touch(Post)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub text: String,
        pub post_id: i32,
        pub updated_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter)]
    pub enum Relation {
        Post,
    }

    impl RelationTrait for Relation {
        fn def(&self) -> RelationDef {
            Entity::belongs_to(super::post::Entity)
                .from(Column::PostId)
                .to(super::post::Column::Id)
                .on_condition(|_, posts| {
                    let threshold = THRESHOLD.try_with(|threshold| *threshold).unwrap_or_default();
                    Expr::col((posts, super::post::Column::Id))
                        .gt(threshold)
                        .into_condition()
                })
                .into()
        }
    }
}
