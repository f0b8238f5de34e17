//! The shop of the examples: products, and the shelf that each stands on.

use sea_orm::{ActiveModelTrait, ConnectionTrait, Database, DbErr, EntityTrait, Schema, Set};
use touchable::TouchConnection;

pub mod shelf {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "shelves")]
    #[touch(products, on_fields = [name])]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub temperature: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub products: HasMany<super::product::Entity>,
    }
}

pub mod product {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "products")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub cents: i64,
        pub shelf_id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "shelf_id", to = "id")]
        pub shelf: BelongsTo<super::shelf::Entity>,
    }
}

/// A shop in memory: two shelves with two products each.
pub async fn shop() -> Result<TouchConnection, DbErr> {
    let mut options = sea_orm::ConnectOptions::new("sqlite::memory:");
    options.max_connections(1).sqlx_logging(false);
    let db = Database::connect(options).await?;
    let schema = Schema::new(db.get_database_backend());
    db.execute(&schema.create_table_from_entity(shelf::Entity))
        .await?;
    db.execute(&schema.create_table_from_entity(product::Entity))
        .await?;

    let db = touchable::connect(db);
    for (id, name) in [(1, "dairy"), (2, "bread")] {
        let (id, name, temperature) = (Set(id), Set(name.to_owned()), Set(6));
        shelf::ActiveModel {
            id,
            name,
            temperature,
            ..Default::default()
        }
        .insert(&db)
        .await?;
    }
    for (name, cents, shelf) in [
        ("milk", 119, 1),
        ("butter", 249, 1),
        ("rye", 329, 2),
        ("buns", 40, 2),
    ] {
        let (name, cents, shelf_id) = (Set(name.to_owned()), Set(cents), Set(shelf));
        product::ActiveModel {
            name,
            cents,
            shelf_id,
            ..Default::default()
        }
        .insert(&db)
        .await?;
    }
    Ok(db)
}

pub async fn product(db: &TouchConnection, id: i32) -> Result<product::Model, DbErr> {
    let found = product::Entity::find_by_id(id).one(db).await?;
    found.ok_or_else(|| DbErr::RecordNotFound(format!("product {id}")))
}

pub async fn shelf(db: &TouchConnection, id: i32) -> Result<shelf::Model, DbErr> {
    let found = shelf::Entity::find_by_id(id).one(db).await?;
    found.ok_or_else(|| DbErr::RecordNotFound(format!("shelf {id}")))
}
