//! Behaviour 38: equal is what the database would store as it is stored. What that is for each type of column is measured, on
//! every way of writing, and stands in `docs/touch.md`.
//!
//! ```text
//! sample ──every column──► show
//!
//! samples.rs   values of each column, among them those that look alike
//! ways.rs      the ways to write one over another
//! measure.rs   writes each over each, without the library and with it, and compares what is stored and touched
//! table.rs     the table of the verdicts
//! bad_input.rs what a database refuses, cuts off or stores as something else
//! ```

mod bad_input;
mod entities;
mod measure;
mod samples;
mod table;
mod types;
mod ways;

/// As the harness has it, in a database without tables.
macro_rules! on_every_database {
    ($($contract:ident),+ $(,)?) => {$(
        mod $contract {
            use touchable_tests::{Backend, run};

            #[test]
            fn sqlite() {
                run(Backend::Sqlite, Vec::new(), 1, &super::$contract);
            }

            #[test]
            fn postgres() {
                run(Backend::Postgres, Vec::new(), 1, &super::$contract);
            }

            #[test]
            fn mariadb() {
                run(Backend::MariaDb, Vec::new(), 1, &super::$contract);
            }
        }
    )+};
}

pub(crate) use on_every_database;
