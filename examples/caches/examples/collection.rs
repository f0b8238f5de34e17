//! The answer to a query, under the version of its rows: nothing is loaded to learn that nothing has changed.
//!
//! ```text
//! cargo run -p caches --example collection
//! ```

use caches::{product, shop};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, Set,
};
use touchable::{
    TouchConnection,
    cache::{Cache, Options, VersionedSelect, store::Memory},
};

#[tokio::main]
async fn main() -> touchable::Result<()> {
    let db = shop().await?;
    let cache = Cache::new(Memory::default())?;

    println!("{}", cheapest(&cache, &db).await?);
    println!("{}", cheapest(&cache, &db).await?);

    let mut rye = product(&db, 3).await?.into_active_model();
    rye.cents = Set(99);
    rye.update(&db).await?;
    println!("{}", cheapest(&cache, &db).await?);
    Ok(())
}

/// The two cheapest products below two euros.
async fn cheapest(cache: &Cache<Memory>, db: &TouchConnection) -> touchable::Result<String> {
    let query = product::Entity::find()
        .filter(product::Column::Cents.lt(200))
        .order_by_asc(product::Column::Cents)
        .limit(2);
    let version = query.cache_version(db).await?;
    let db = db.clone();
    let load = move || async move {
        println!("(loading)");
        let products = query.all(&db).await?;
        let names: Vec<String> = products.into_iter().map(|product| product.name).collect();
        Ok::<_, sea_orm::DbErr>(names.join(", "))
    };
    cache.fetch(&version.of("cheapest"), &Options::new(), load).await
}
