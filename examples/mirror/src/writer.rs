//! What people do to products.

use std::time::Duration;

use crate::{
    Failure,
    place::Place,
    source::{Source, product},
};
use fastrand::Rng;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, IntoActiveModel, ModelTrait, QuerySelect};
use tokio::time::sleep;

const COLORS: [&str; 6] = ["red", "green", "blue", "grey", "striped", "dotted"];
const STUFFS: [&str; 5] = ["woollen", "cotton", "linen", "leather", "silk"];
const THINGS: [&str; 6] = ["scarf", "hat", "coat", "shirt", "bag", "glove"];

pub struct Writer {
    source: Source,
    /// Of products that there have been.
    ids: Vec<i32>,
    random: Rng,
}

/// Makes so many changes, or changes without end.
pub async fn write(place: &Place, changes: Option<u64>, pause: Duration) -> Result<(), Failure> {
    let mut writer = Writer::open(place).await?;
    for _ in 0..changes.unwrap_or(u64::MAX) {
        writer.change().await?;
        sleep(pause).await;
    }
    Ok(())
}

impl Writer {
    pub async fn open(place: &Place) -> Result<Self, Failure> {
        let source = Source::open(&place.dir, &place.stream).await?;
        let ids = product::Entity::find()
            .select_only()
            .column(product::Column::Id)
            .into_tuple()
            .all(&source.db)
            .await?;
        Ok(Self {
            source,
            ids,
            random: Rng::new(),
        })
    }

    /// Of ten changes six are updates, and one is the end of a product.
    pub async fn change(&mut self) -> Result<(), Failure> {
        let db = self.source.db.clone();
        let kind = self.random.usize(..10);
        let known = self.random.choice(&self.ids).copied().filter(|_| kind < 7);
        let product = match known {
            Some(id) => product::Entity::find_by_id(id).one(&db).await?,
            None => None,
        };
        match product {
            None => self.insert().await?,
            Some(product) if kind == 0 => {
                self.ids.retain(|known| *known != product.id);
                product.delete(&db).await?;
            }
            Some(product) => {
                let mut product = product.into_active_model();
                product.price = Set(self.price());
                product.description = Set(self.description());
                product.update(&db).await?;
            }
        }
        Ok(())
    }

    async fn insert(&mut self) -> Result<(), Failure> {
        let product = product::ActiveModel {
            name: Set(self.name()),
            description: Set(self.description()),
            price: Set(self.price()),
            ..Default::default()
        };
        self.ids.push(product.insert(&self.source.db).await?.id);
        Ok(())
    }

    fn word(&mut self, words: &[&'static str]) -> &'static str {
        words[self.random.usize(..words.len())]
    }

    /// `linen hat 4711`.
    fn name(&mut self) -> String {
        let number = self.random.u32(1_000..10_000);
        format!("{} {} {number}", self.word(&STUFFS), self.word(&THINGS))
    }

    fn description(&mut self) -> String {
        format!(
            "{} on the outside, {} within",
            self.word(&COLORS),
            self.word(&COLORS)
        )
    }

    fn price(&mut self) -> i32 {
        self.random.i32(100..20_000)
    }
}
