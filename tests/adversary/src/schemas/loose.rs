//! Keys that are text, no foreign key in the database, and hooks by hand that refuse after the library has prepared.
//!
//! ```text
//! child ──any──► parent      parent ──name──► children
//! ```

use touchable_tests::Backend;

use super::{EVERYWHERE, nothing};
use crate::{
    perform::entity,
    schema::{Column, Hop, REFUSED, Rule, Schema, Table},
};

const PARENT: usize = 0;
const CHILD: usize = 1;

/// The schema.
#[must_use]
pub fn schema(_: Backend) -> Schema {
    Schema {
        name: "loose",
        backends: EVERYWHERE,
        tables: vec![
            Table::new(
                entity::<parent::Entity>(),
                "code",
                ["it's", "", "x/y"],
                vec![
                    Column::of("name", ["a", "b", "A"]),
                    Column::of("place", ["a", "b"]),
                    Column::note(),
                ],
            )
            // A child can name a parent that is gone.
            .closed(),
            Table::new(
                entity::<child::Entity>(),
                "code",
                ["1", "01", "å", "NULL"],
                vec![
                    Column::of("mood", ["a", "b", REFUSED]),
                    Column::of(
                        "parent_code",
                        [Some("it's"), Some(""), Some("x/y"), Some("nowhere"), None],
                    )
                    .seeds([0, 0, 1])
                    .leads(),
                    Column::note(),
                ],
            )
            .refuses(),
        ],
        rules: vec![
            Rule::any(CHILD, vec![Hop::to(PARENT, "parent_code", "code")]),
            Rule::only(PARENT, ["name"], vec![Hop::to(CHILD, "code", "parent_code")]),
        ],
        before: nothing,
        after: nothing,
    }
}

mod parent {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "parents")]
    #[touch(children, on_fields = [name])]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub code: String,
        pub name: String,
        pub place: String,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub children: HasMany<super::child::Entity>,
    }
}

mod child {
    use sea_orm::{Set, entity::prelude::*};
    use touchable::Touchable;

    use crate::schema::REFUSED;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "children")]
    #[touchable(hooks = manual)]
    #[touch(parent)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub code: String,
        /// Bulk writes have no hooks: there the database itself refuses, so that no row is ever loaded with it.
        #[sea_orm(extra = "CHECK (mood <> 'refused')")]
        pub mood: String,
        pub parent_code: Option<String>,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "parent_code", to = "code", skip_fk)]
        pub parent: BelongsTo<Option<super::parent::Entity>>,
    }

    #[sea_orm::prelude::async_trait::async_trait]
    impl ActiveModelBehavior for ActiveModel {
        async fn before_save<C: ConnectionTrait>(self, db: &C, insert: bool) -> Result<Self, DbErr> {
            let prepared = self.touch_before_save(db, insert).await?;
            match &prepared.mood {
                Set(mood) if mood == REFUSED => Err(DbErr::Custom("refused by a hook".to_owned())),
                _ => Ok(prepared),
            }
        }

        async fn after_save<C: ConnectionTrait>(model: Model, db: &C, insert: bool) -> Result<Model, DbErr> {
            Self::touch_after_save(model, db, insert).await
        }

        async fn before_delete<C: ConnectionTrait>(self, db: &C) -> Result<Self, DbErr> {
            self.touch_before_delete(db).await
        }

        async fn after_delete<C: ConnectionTrait>(self, db: &C) -> Result<Self, DbErr> {
            self.touch_after_delete(db).await
        }
    }
}
