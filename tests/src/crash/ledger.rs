//! The ledger's tables in memory.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, DatabaseConnection, EntityTrait};

use super::{Op, Single};
use crate::{
    World,
    entities::ledger::{self as rows, author, book, shelf},
};

/// How many authors and shelves there are.
pub(crate) const IDS: i32 = 3;

/// The rows' contents and versions. A version counts the saves and touches of its row, so that a touch too few or too
/// many shows however late one looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// Name, town and version.
    pub authors: BTreeMap<i32, (String, String, i64)>,
    /// Title, author, shelf and version.
    pub books: BTreeMap<i32, (String, i32, i32, i64)>,
    /// The version.
    pub shelves: BTreeMap<i32, i64>,
}

impl Ledger {
    /// What [`populate`](Self::populate) writes: two books of each author, on different shelves.
    #[must_use]
    pub fn start() -> Self {
        let ids = || 1..=IDS;
        Self {
            authors: ids()
                .map(|id| (id, (format!("author {id}"), "here".to_owned(), 1)))
                .collect(),
            books: (1..=2 * IDS)
                .map(|id| (id, (format!("book {id}"), author_of(id), shelf_of(id), 1)))
                .collect(),
            shelves: ids().map(|id| (id, 1)).collect(),
        }
    }

    /// Replaces all rows by the ones at the start.
    ///
    /// # Panics
    ///
    /// Panics when the database refuses them.
    pub async fn populate(world: &World) {
        for table in ["books", "authors", "shelves"] {
            let sql = format!("DELETE FROM {table}");
            world.db.execute_unprepared(&sql).await.expect("an empty table");
        }
        world.seed((1..=IDS).map(rows::author)).await;
        world.seed((1..=IDS).map(rows::shelf)).await;
        world
            .seed((1..=2 * IDS).map(|id| rows::book(id, author_of(id), shelf_of(id))))
            .await;
    }

    /// What is stored now.
    ///
    /// # Panics
    ///
    /// Panics when the tables cannot be read.
    pub async fn read(db: &DatabaseConnection) -> Self {
        let authors = author::Entity::find().all(db).await.expect("authors").into_iter();
        let books = book::Entity::find().all(db).await.expect("books").into_iter();
        let shelves = shelf::Entity::find().all(db).await.expect("shelves").into_iter();
        Self {
            authors: authors
                .map(|row| (row.id, (row.name, row.town, row.lock_no)))
                .collect(),
            books: books
                .map(|row| (row.id, (row.title, row.author_id, row.shelf_id, row.lock_no)))
                .collect(),
            shelves: shelves.map(|row| (row.id, row.lock_no)).collect(),
        }
    }

    /// Does an operation, all of it.
    pub fn apply(&mut self, op: &Op) {
        let singles = match op {
            Op::Alone(single) => std::slice::from_ref(single),
            Op::Together(singles) => singles,
        };
        // What a transaction touches is known when it commits: the rows that are associated then.
        let mut renamed = BTreeSet::new();
        let mut shelves = BTreeSet::new();
        for single in singles {
            self.apply_single(single, &mut renamed, &mut shelves);
        }
        for (_, author, shelf, version) in self.books.values_mut() {
            if renamed.contains(author) {
                *version += 1;
                shelves.insert(*shelf);
            }
        }
        for shelf in shelves {
            *self.shelves.get_mut(&shelf).expect("a shelf") += 1;
        }
    }

    fn apply_single(&mut self, op: &Single, renamed: &mut BTreeSet<i32>, shelves: &mut BTreeSet<i32>) {
        match op {
            Single::Rename { author, name, .. } => {
                let row = self.authors.get_mut(author).expect("an author");
                row.0.clone_from(name);
                row.2 += 1;
                renamed.insert(*author);
            }
            Single::Settle { author, town } => {
                let row = self.authors.get_mut(author).expect("an author");
                row.1.clone_from(town);
                row.2 += 1;
            }
            Single::Insert { book, author, shelf } => {
                let row = (format!("book {book}"), *author, *shelf, 1);
                self.books.insert(*book, row);
                shelves.insert(*shelf);
            }
            Single::Delete { book } => {
                let deleted = self.books.remove(book).expect("a book");
                shelves.insert(deleted.2);
            }
            Single::Retitle { book, title } => {
                let row = self.books.get_mut(book).expect("a book");
                row.0.clone_from(title);
                row.3 += 1;
                shelves.insert(row.2);
            }
            Single::Move { book, shelf } => {
                let row = self.books.get_mut(book).expect("a book");
                shelves.extend([row.2, *shelf]);
                row.2 = *shelf;
                row.3 += 1;
            }
        }
    }
}

const fn author_of(book: i32) -> i32 {
    1 + book % IDS
}

const fn shelf_of(book: i32) -> i32 {
    1 + book / 2 % IDS
}
