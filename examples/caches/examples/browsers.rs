//! What the browser has is not rendered: `ETag`, `Last-Modified`, and `304 Not Modified`.
//!
//! ```text
//! cargo run -p caches --example browsers
//! ```

use caches::{product, shop};
use http::{HeaderMap, Response, header};
use sea_orm::{ActiveModelTrait, IntoActiveModel, Set};
use touchable::{TouchConnection, http::fresh_when};

#[tokio::main]
async fn main() -> touchable::Result<()> {
    let db = shop().await?;
    let mut browser = HeaderMap::new();

    for _ in 0..2 {
        let response = page(&db, &browser).await?;
        println!(
            "{} {:?} {:?}",
            response.status(),
            response.headers().get(header::ETAG),
            response.body()
        );
        // A browser sends back what it was given.
        if let Some(tag) = response.headers().get(header::ETAG) {
            browser.insert(header::IF_NONE_MATCH, tag.clone());
        }
    }

    let mut milk = product(&db, 1).await?.into_active_model();
    milk.cents = Set(99);
    milk.update(&db).await?;
    let response = page(&db, &browser).await?;
    println!("{} {:?}", response.status(), response.body());
    Ok(())
}

/// A handler: what a web framework calls with the headers of a request.
async fn page(db: &TouchConnection, headers: &HeaderMap) -> touchable::Result<Response<String>> {
    let milk = product(db, 1).await?;
    let freshness = fresh_when(&milk, headers)?;
    Ok(freshness.respond(|| Response::new(format!("<h1>{}</h1><p>{} cents</p>", milk.name, milk.cents))))
}
