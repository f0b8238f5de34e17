//! What the writer does, the same for the same seed.

use fastrand::Rng;
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, NotSet, Set, TransactionSession, TransactionTrait,
    Unchanged,
};

use super::{Ledger, ledger::IDS};
use crate::entities::ledger::{self, author, book};

/// Something that happens as a whole or not at all.
#[derive(Clone, Debug)]
pub enum Op {
    /// One save outside a transaction.
    Alone(Single),
    /// Several saves in one transaction, the later half of them in a savepoint.
    Together(Vec<Single>),
}

/// One save.
#[derive(Clone, Debug)]
pub enum Single {
    /// Touches the author's books, and so their shelves.
    Rename {
        author: i32,
        name: String,
        /// By `update`, or by `update_without_returning`.
        returning: bool,
    },
    /// Touches nobody.
    Settle {
        author: i32,
        town: String,
    },
    /// Touches the shelf, as the following do.
    Insert {
        book: i32,
        author: i32,
        shelf: i32,
    },
    Delete {
        book: i32,
    },
    Retitle {
        book: i32,
        title: String,
    },
    /// Touches both shelves.
    Move {
        book: i32,
        shelf: i32,
    },
}

/// The operations of this seed, for ever.
pub fn script(seed: u64) -> impl Iterator<Item = Op> {
    let mut rng = Rng::with_seed(seed);
    let mut ledger = Ledger::start();
    (0..).map(move |index| {
        let op = if rng.u8(..4) == 0 {
            let mut inside = ledger.clone();
            let singles = (0..rng.i32(2..=5))
                .map(|n| {
                    let single = single(&mut rng, &inside, index * 10 + n);
                    inside.apply(&Op::Alone(single.clone()));
                    single
                })
                .collect();
            Op::Together(singles)
        } else {
            Op::Alone(single(&mut rng, &ledger, index * 10))
        };
        ledger.apply(&op);
        op
    })
}

fn single(rng: &mut Rng, ledger: &Ledger, unique: i32) -> Single {
    let author = rng.i32(1..=IDS);
    let book = rng.choice(ledger.books.keys().copied());
    match (rng.u8(..10), book) {
        (0..=3, _) => Single::Rename {
            author,
            name: format!("name {unique}"),
            returning: rng.bool(),
        },
        (4, _) => Single::Settle {
            author,
            town: format!("town {unique}"),
        },
        (5, Some(book)) => Single::Delete { book },
        (6, Some(book)) => Single::Retitle {
            book,
            title: format!("title {unique}"),
        },
        (7, Some(book)) => Single::Move {
            book,
            // Another shelf than its own: the same one would be no change.
            shelf: 1 + (ledger.books[&book].2 + rng.i32(0..IDS - 1)) % IDS,
        },
        _ => Single::Insert {
            book: 100 + unique,
            author,
            shelf: rng.i32(1..=IDS),
        },
    }
}

impl Op {
    /// Does it to a database.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn run<C: ConnectionTrait + TransactionTrait>(&self, db: &C) -> Result<(), DbErr> {
        match self {
            Self::Alone(single) => single.run(db).await,
            Self::Together(singles) => {
                let transaction = db.begin().await?;
                let (outside, inside) = singles.split_at(singles.len() / 2);
                for single in outside {
                    single.run(&transaction).await?;
                }
                let savepoint = transaction.begin().await?;
                for single in inside {
                    single.run(&savepoint).await?;
                }
                savepoint.commit().await?;
                transaction.commit().await
            }
        }
    }
}

impl Single {
    async fn run<C: ConnectionTrait>(&self, db: &C) -> Result<(), DbErr> {
        match self.clone() {
            Self::Rename {
                author,
                name,
                returning,
            } => {
                let author = author::ActiveModel {
                    id: Unchanged(author),
                    name: Set(name),
                    ..Default::default()
                };
                if returning {
                    author.update(db).await?;
                } else {
                    author.update_without_returning(db).await?;
                }
            }
            Self::Settle { author, town } => {
                let author = author::ActiveModel {
                    id: Unchanged(author),
                    town: Set(town),
                    ..Default::default()
                };
                author.update(db).await?;
            }
            Self::Insert { book, author, shelf } => {
                let book = book::ActiveModel {
                    updated_at: NotSet,
                    lock_no: NotSet,
                    ..ledger::book(book, author, shelf)
                };
                book.insert(db).await?;
            }
            Self::Delete { book } => {
                let book = book::Entity::find_by_id(book).one(db).await?;
                let book: book::ActiveModel = book.ok_or(DbErr::RecordNotUpdated)?.into();
                book.delete(db).await?;
            }
            Self::Retitle { book, title } => {
                let book = book::ActiveModel {
                    id: Unchanged(book),
                    title: Set(title),
                    ..Default::default()
                };
                book.update(db).await?;
            }
            Self::Move { book, shelf } => {
                let book = book::ActiveModel {
                    id: Unchanged(book),
                    shelf_id: Set(shelf),
                    ..Default::default()
                };
                book.update(db).await?;
            }
        }
        Ok(())
    }
}
