//! A value that is computed from a record, and one that is deleted by name.
//!
//! ```text
//! cargo run -p caches --example values
//! ```

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use caches::{product, shop};
use sea_orm::{ActiveModelTrait, IntoActiveModel, Set};
use serde::{Deserialize, Serialize};
use touchable::cache::{Cache, Options, store::Memory};

/// How often something was computed.
static COMPUTED: AtomicUsize = AtomicUsize::new(0);

#[derive(Debug, Serialize, Deserialize)]
struct Nutrition {
    product: String,
    kilojoules: u32,
}

#[tokio::main]
async fn main() -> touchable::Result<()> {
    let db = shop().await?;
    let cache = Cache::builder(Memory::default()).namespace("nutrition").build()?;
    let options = Options::new();

    // The record in the key stands there with its version.
    let nutrition = async || -> touchable::Result<Nutrition> {
        let milk = product(&db, 1).await?;
        let name = milk.name.clone();
        let load = move || async move { analyse(name).await };
        cache.fetch(&("nutrition", &milk), &options, load).await
    };
    println!("{:?}", nutrition().await?);
    println!("{:?}", nutrition().await?);
    println!("computed {} time(s)", COMPUTED.load(Relaxed));

    let mut milk = product(&db, 1).await?.into_active_model();
    milk.name = Set("oat milk".to_owned());
    milk.update(&db).await?;
    println!("{:?}", nutrition().await?);
    println!("computed {} time(s)", COMPUTED.load(Relaxed));

    // Forty callers at once: one loader.
    let before = COMPUTED.load(Relaxed);
    let callers: Vec<_> = (0..40)
        .map(|_| {
            let (cache, options) = (cache.clone(), options.clone());
            tokio::spawn(async move {
                cache
                    .fetch("water", &options, || analyse("water".to_owned()))
                    .await
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("a caller")?;
    }
    println!("40 callers, computed {} time(s)", COMPUTED.load(Relaxed) - before);

    // What has no record is deleted by its name.
    cache.delete("water").await?;
    println!("water is cached: {}", cache.exists("water").await?);
    Ok(())
}

async fn analyse(product: String) -> Result<Nutrition, &'static str> {
    COMPUTED.fetch_add(1, Relaxed);
    tokio::task::yield_now().await;
    let kilojoules = u32::try_from(product.len()).map_err(|_| "a name too long")? * 50;
    Ok(Nutrition { product, kilojoules })
}
