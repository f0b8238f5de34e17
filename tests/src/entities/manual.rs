//! Hooks the application writes itself, and rules that count every `Set` as a change.

use sea_orm::Set;

use crate::{Table, World, at};

/// The tables.
#[must_use]
pub fn tables() -> Vec<Table> {
    vec![
        Table::of::<album::Entity>(),
        Table::of::<track::Entity>(),
        Table::of::<cover::Entity>(),
    ]
}

/// Two albums with two tracks and one; track 1 and track 3 have a cover of their number.
pub async fn populate(world: &World) {
    world
        .seed([1, 2].map(|id| album::ActiveModel {
            id: Set(id),
            title: Set(format!("album {id}")),
            label: Set("indie".to_owned()),
            updated_at: Set(at(1)),
        }))
        .await;
    world
        .seed([(1, 1), (2, 1), (3, 2)].map(|(id, album)| track::ActiveModel {
            id: Set(id),
            title: Set(format!("Track {id}")),
            slug: Set(format!("track-{id}")),
            album_id: Set(album),
            updated_at: Set(at(2)),
        }))
        .await;
    world
        .seed([1, 3].map(|id| cover::ActiveModel {
            id: Set(id),
            track_id: Set(id),
            updated_at: Set(at(3)),
        }))
        .await;
}

pub mod album {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "albums")]
    #[touchable(dirty = assigned)]
    #[touch(tracks, on_fields = [title])]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub title: String,
        pub label: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub tracks: HasMany<super::track::Entity>,
    }
}

pub mod track {
    use sea_orm::{Set, entity::prelude::*};
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "tracks")]
    #[touchable(hooks = manual)]
    #[touch(album)]
    #[touch(covers, on_fields = [slug])]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub title: String,
        pub slug: String,
        pub album_id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "album_id", to = "id", on_delete = "Cascade")]
        pub album: BelongsTo<super::album::Entity>,
        #[sea_orm(has_many)]
        pub covers: HasMany<super::cover::Entity>,
    }

    /// The application's hooks do work of their own, before touchable's and after them.
    #[sea_orm::prelude::async_trait::async_trait]
    impl ActiveModelBehavior for ActiveModel {
        async fn before_save<C: ConnectionTrait>(mut self, db: &C, insert: bool) -> Result<Self, DbErr> {
            if let Set(title) = &self.title {
                self.slug = Set(title.to_lowercase().replace(' ', "-"));
            }
            self.touch_before_save(db, insert).await
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

pub mod cover {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "covers")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub track_id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "track_id", to = "id", on_delete = "Cascade")]
        pub track: BelongsTo<super::track::Entity>,
    }
}
