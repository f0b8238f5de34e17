//! Schemas of which the shared ones have none.

use sea_orm::Set;
use touchable_tests::{Table, World, at};

/// A house whose residents name it, by default house 1.
pub mod house {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "houses")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub residents: HasMany<super::resident::Entity>,
    }
}

pub mod resident {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "residents")]
    #[touch(house)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        #[sea_orm(default_value = 1)]
        pub house_id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "house_id", to = "id", on_delete = "Cascade")]
        pub house: BelongsTo<super::house::Entity>,
    }
}

/// The tables of houses.
pub fn houses() -> Vec<Table> {
    vec![Table::of::<house::Entity>(), Table::of::<resident::Entity>()]
}

/// Two houses.
pub async fn two_houses(world: &World) {
    let houses = [1, 2].map(|id| house::ActiveModel {
        id: Set(id),
        updated_at: Set(at(i64::from(id))),
    });
    world.seed(houses).await;
}

pub mod port {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "ports")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub updated_at: DateTimeUtc,
    }
}

/// A voyage shows in four ports.
pub mod voyage {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "voyages")]
    #[touch(first)]
    #[touch(second)]
    #[touch(third)]
    #[touch(fourth)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub first_id: i32,
        pub second_id: i32,
        pub third_id: i32,
        pub fourth_id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, relation_enum = "First", from = "first_id", to = "id")]
        pub first: BelongsTo<super::port::Entity>,
        #[sea_orm(belongs_to, relation_enum = "Second", from = "second_id", to = "id")]
        pub second: BelongsTo<super::port::Entity>,
        #[sea_orm(belongs_to, relation_enum = "Third", from = "third_id", to = "id")]
        pub third: BelongsTo<super::port::Entity>,
        #[sea_orm(belongs_to, relation_enum = "Fourth", from = "fourth_id", to = "id")]
        pub fourth: BelongsTo<super::port::Entity>,
    }
}

/// The tables of voyages.
pub fn voyages() -> Vec<Table> {
    vec![Table::of::<port::Entity>(), Table::of::<voyage::Entity>()]
}

/// A page's hooks call touchable's first and then set the slug, which its links show.
pub mod page {
    use sea_orm::{Set, entity::prelude::*};
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "pages")]
    #[touchable(hooks = manual)]
    #[touch(links, on_fields = [slug])]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub title: String,
        pub slug: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub links: HasMany<super::link::Entity>,
    }

    #[sea_orm::prelude::async_trait::async_trait]
    impl ActiveModelBehavior for ActiveModel {
        async fn before_save<C: ConnectionTrait>(self, db: &C, insert: bool) -> Result<Self, DbErr> {
            let mut page = self.touch_before_save(db, insert).await?;
            if let Set(title) = &page.title {
                page.slug = Set(title.to_lowercase());
            }
            Ok(page)
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

pub mod link {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "links")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub page_id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "page_id", to = "id", on_delete = "Cascade")]
        pub page: BelongsTo<super::page::Entity>,
    }
}

/// The tables of pages.
pub fn pages() -> Vec<Table> {
    vec![Table::of::<page::Entity>(), Table::of::<link::Entity>()]
}

/// Two pages, each with the link of its number.
pub async fn two_pages(world: &World) {
    let pages = [1, 2].map(|id| page::ActiveModel {
        id: Set(id),
        title: Set(format!("Page {id}")),
        slug: Set(format!("page {id}")),
        updated_at: Set(at(i64::from(id))),
    });
    world.seed(pages).await;
    let links = [1, 2].map(|id| link::ActiveModel {
        id: Set(id),
        page_id: Set(id),
        updated_at: Set(at(10)),
    });
    world.seed(links).await;
}

/// The database derives an article's slug from its title.
pub mod article {
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
        #[sea_orm(extra = "GENERATED ALWAYS AS (lower(title)) STORED")]
        pub slug: Option<String>,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub teasers: HasMany<super::teaser::Entity>,
    }
}

pub mod teaser {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "teasers")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub article_id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "article_id", to = "id", on_delete = "Cascade")]
        pub article: BelongsTo<super::article::Entity>,
    }
}

/// The tables of articles.
pub fn articles() -> Vec<Table> {
    vec![Table::of::<article::Entity>(), Table::of::<teaser::Entity>()]
}

/// Two articles, each with the teaser of its number.
pub async fn two_articles(world: &World) {
    let articles = [1, 2].map(|id| article::ActiveModel {
        id: Set(id),
        title: Set(format!("Article {id}")),
        updated_at: Set(at(i64::from(id))),
        ..Default::default()
    });
    world.seed(articles).await;
    let teasers = [1, 2].map(|id| teaser::ActiveModel {
        id: Set(id),
        article_id: Set(id),
        updated_at: Set(at(10)),
    });
    world.seed(teasers).await;
}
