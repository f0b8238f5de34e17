//! Labels that show a product and its shelf: which of them a save renders anew.
//!
//! ```text
//! cargo run -p caches --example fragments
//! ```

use caches::{product, shelf, shop};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};
use touchable::{
    TouchConnection,
    cache::{Cache, FragmentCache, observe, store::Memory},
};

const LABEL: touchable::cache::Template = touchable::template!("templates/label.html");

#[tokio::main]
async fn main() -> touchable::Result<()> {
    let db = shop().await?;
    let labels = FragmentCache::new(Cache::new(Memory::default())?);

    show("the first time", &labels, &db).await?;
    show("again", &labels, &db).await?;

    let mut milk = product(&db, 1).await?.into_active_model();
    milk.cents = Set(129);
    milk.update(&db).await?;
    show("milk has another price", &labels, &db).await?;

    let mut dairy = shelf(&db, 1).await?.into_active_model();
    dairy.temperature = Set(4);
    dairy.update(&db).await?;
    show("the dairy shelf is colder, which no label shows", &labels, &db).await?;

    let mut dairy = shelf(&db, 1).await?.into_active_model();
    dairy.name = Set("cold".to_owned());
    dairy.update(&db).await?;
    show("the dairy shelf has another name", &labels, &db).await
}

async fn show(after: &str, labels: &FragmentCache<Memory>, db: &TouchConnection) -> touchable::Result<()> {
    let products = product::Entity::find().all(db).await?;
    let (html, lookups) =
        observe(labels.fetch_many(&products, LABEL, async |missing| render(db, missing).await)).await;
    let rendered = lookups.iter().filter(|lookup| lookup.rendered).count();
    println!("\n{after}: {rendered} of {} rendered", lookups.len());
    html?.iter().for_each(|label| print!("  {label}"));
    Ok(())
}

/// All labels that are missing, with one query for their shelves.
async fn render(db: &TouchConnection, products: Vec<&product::Model>) -> touchable::Result<Vec<String>> {
    let shelves = shelf::Entity::find().all(db).await?;
    let name = |id| {
        shelves
            .iter()
            .find(|shelf| shelf.id == id)
            .map_or("", |shelf| &shelf.name)
    };
    let template = include_str!("../templates/label.html");
    let label = |product: &&product::Model| {
        template
            .replace("{{ product }}", &product.name)
            .replace(
                "{{ price }}",
                &format!("{}.{:02} €", product.cents / 100, product.cents % 100),
            )
            .replace("{{ shelf }}", name(product.shelf_id))
    };
    Ok(products.iter().map(label).collect())
}
