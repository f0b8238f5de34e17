//! The database computes an article's slug, which its teasers show. On MariaDB teasers have a unique key and no primary
//! one.
//!
//! ```text
//! article ──slug──► teasers      teaser ──any──► article
//! ```

use touchable_tests::Backend;

use super::{EVERYWHERE, nothing};
use crate::{
    perform::entity,
    schema::{Column, Hop, Rule, Schema, Table},
};

const ARTICLE: usize = 0;
const TEASER: usize = 1;

/// The schema.
#[must_use]
pub fn schema(_: Backend) -> Schema {
    let article = Table::new(
        entity::<article::Entity>(),
        "id",
        [1, 2, 3],
        vec![
            // The first two have one slug.
            Column::of("title", ["a", "A", "b"]),
            Column::note(),
        ],
    );
    Schema {
        name: "computed",
        backends: EVERYWHERE,
        tables: vec![
            article.generated("slug"),
            Table::new(
                entity::<teaser::Entity>(),
                "id",
                [1, 2, 3],
                vec![
                    Column::of("article_id", [Some(1), Some(2), None])
                        .seeds([0, 1])
                        .leads(),
                    Column::note(),
                ],
            ),
        ],
        rules: vec![
            Rule::only(ARTICLE, ["slug"], vec![Hop::to(TEASER, "id", "article_id")]),
            Rule::any(TEASER, vec![Hop::to(ARTICLE, "article_id", "id")]),
        ],
        before: nothing,
        after,
    }
}

fn after(backend: Backend) -> Vec<String> {
    // SQLite adds no stored column to a table that is there.
    let kept = match backend {
        Backend::Sqlite => "VIRTUAL",
        _ => "STORED",
    };
    // In one go: another connection of SQLite's would not know that the column has gone.
    let mut all = vec![format!(
        "ALTER TABLE articles DROP COLUMN slug; \
         ALTER TABLE articles ADD COLUMN slug varchar(255) GENERATED ALWAYS AS (lower(title)) {kept}"
    )];
    if backend == Backend::MariaDb {
        all.push("ALTER TABLE teasers DROP PRIMARY KEY, ADD UNIQUE KEY teasers_id (id)".to_owned());
    }
    all
}

mod article {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "articles")]
    #[touch(teasers, on_fields = [slug])]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub title: String,
        pub slug: Option<String>,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub teasers: HasMany<super::teaser::Entity>,
    }
}

mod teaser {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "teasers")]
    #[touch(article)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub article_id: Option<i32>,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "article_id", to = "id")]
        pub article: BelongsTo<Option<super::article::Entity>>,
    }
}
