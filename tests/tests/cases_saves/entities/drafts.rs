//! Posts that their blog shows while they have a state.

use touchable_tests::Table;

/// Both tables.
#[must_use]
pub fn tables() -> Vec<Table> {
    vec![Table::of::<blog::Entity>(), Table::of::<post::Entity>()]
}

pub mod blog {
    use sea_orm::{Set, entity::prelude::*};
    use touchable::Touchable;
    use touchable_tests::at;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "blogs")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub updated_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    /// Blog `id`.
    #[must_use]
    pub fn row(id: i32) -> ActiveModel {
        ActiveModel {
            id: Set(id),
            updated_at: Set(at(1)),
        }
    }
}

pub mod post {
    use sea_orm::{
        Set,
        entity::prelude::*,
        sea_query::{ExprTrait, IntoCondition},
    };
    use touchable::Touchable;
    use touchable_tests::at;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "posts")]
    #[touch(Blog, on_fields = [state])]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub blog_id: i32,
        pub state: Option<String>,
        pub updated_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter)]
    pub enum Relation {
        Blog,
    }

    impl RelationTrait for Relation {
        fn def(&self) -> RelationDef {
            Entity::belongs_to(super::blog::Entity)
                .from(Column::BlogId)
                .to(super::blog::Column::Id)
                .on_condition(|posts, _| Expr::col((posts, Column::State)).is_not_null().into_condition())
                .into()
        }
    }

    /// Post `id` of blog 1.
    #[must_use]
    pub fn row(id: i32, state: Option<&str>) -> ActiveModel {
        ActiveModel {
            id: Set(id),
            blog_id: Set(1),
            state: Set(state.map(str::to_owned)),
            updated_at: Set(at(10 + i64::from(id))),
        }
    }
}
