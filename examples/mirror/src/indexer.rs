//! From the feed into the index.

use std::{collections::BTreeSet, time::Duration};

use tokio::signal::ctrl_c;
use touchable::feed::{Batch, Change, Id};

use crate::{
    Failure,
    index::{Index, Turn},
    place::Place,
    source::Source,
};

/// What the consumer is called, and its offset.
pub const NAME: &str = "search";

/// Indexes until it is told to end.
pub async fn run(place: &Place) -> Result<(), Failure> {
    let (source, index) = (
        Source::open(&place.dir, &place.stream).await?,
        Index::open(&place.dir).await?,
    );
    if !index.is_whole().await? {
        copy(&source, &index).await?;
    }
    let consumer = place
        .stream
        .consumer(NAME)
        .batch_size(200)
        // Who is killed gives nothing back: so long the next one waits.
        .lease_time(Duration::from_millis(500))
        .run(move |batch: Batch<Change>| {
            let (source, index) = (source.clone(), index.clone());
            async move { update(&source, &index, &batch).await }
        })?;
    ctrl_c().await?;
    consumer.shutdown().await;
    Ok(())
}

/// The table may be older than the stream.
async fn copy(source: &Source, index: &Index) -> Result<(), Failure> {
    let turn = Turn {
        token: 0,
        messages: 0,
    };
    let copied = index.fill(turn, &source.all().await?).await;
    if copied.is_err() && index.is_whole().await? {
        // Another process has done it in between, and gone on.
        return Ok(());
    }
    copied
}

/// Reads the rows anew and writes what there is now: doing it twice does no harm.
async fn update(source: &Source, index: &Index, batch: &Batch<Change>) -> Result<(), Failure> {
    let turn = Turn {
        token: batch.token(),
        messages: batch.len(),
    };
    if batch.lagged().is_some() {
        return index.fill(turn, &source.all().await?).await;
    }
    let ids: BTreeSet<i32> = batch
        .iter()
        .filter_map(|message| match message.record.id {
            Id::Int(id) => i32::try_from(id).ok(),
            _ => None,
        })
        .collect();
    let ids: Vec<i32> = ids.into_iter().collect();
    let products = source.find(ids.iter().copied()).await?;
    index.replace(turn, &ids, &products).await
}
