//! What can be wrong, and how to fix it.

use std::fmt;

/// Something about a table that does not fit the rules.
///
/// Shown with its fix: ``the column `tasks.updated_at` keeps 0 digits of a second and needs 6, ..``
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub(crate) table: String,
    pub(crate) columns: Vec<String>,
    pub(crate) rules: Vec<String>,
    pub(crate) fault: Fault,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// There is no such table.
    NoTable,
    /// The table has no such column.
    NoColumn,
    /// The column keeps this many digits of a second instead of six, so that two touches can leave the same stamp.
    Coarse(u32),
    /// A column of this type in the database cannot be bumped.
    WrongType(String),
    /// The entity declares the column with a type that is neither a time nor an integer.
    NotBumpable,
    /// No index begins with these columns, by which touches look for rows.
    NoIndex,
}

impl Problem {
    /// The table.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The column, or the columns that an index has to begin with.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The rules that need it, each as `events -> tasks`; none for a touch column that only its own saves move.
    #[must_use]
    pub fn rules(&self) -> &[String] {
        &self.rules
    }

    /// What is wrong.
    #[must_use]
    pub const fn fault(&self) -> &Fault {
        &self.fault
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, columns, .. } = self;
        let names = columns.join(", ");
        match &self.fault {
            Fault::NoTable => write!(f, "the table `{table}` does not exist; run the migrations")?,
            Fault::NoColumn => write!(
                f,
                "the table `{table}` has no column `{names}`; add it, a touch column with `touch_columns(\"{table}\")` \
                 of `touchable-migrations`"
            )?,
            Fault::Coarse(digits) => write!(
                f,
                "the column `{table}.{names}` keeps {digits} digits of a second and needs 6, or two touches leave the \
                 same stamp; change its type as `touch_column(\"{names}\")` of `touchable-migrations` writes it"
            )?,
            Fault::WrongType(stored) => write!(
                f,
                "the column `{table}.{names}` is `{stored}`, which a touch cannot bump; change its type as \
                 `touch_column(\"{names}\")` or `version_column(\"{names}\")` of `touchable-migrations` writes it"
            )?,
            Fault::NotBumpable => write!(
                f,
                "the entity of `{table}` declares `{names}` as neither a time nor an integer, so that no touch can \
                 bump it; name another column in the rule"
            )?,
            Fault::NoIndex => {
                let quoted: Vec<String> = columns.iter().map(|column| format!("\"{column}\"")).collect();
                write!(
                    f,
                    "no index of `{table}` begins with `{names}`, so that each touch reads the whole table; create one \
                     with `association_index(\"{table}\", [{}])` of `touchable-migrations`",
                    quoted.join(", ")
                )?;
            }
        }
        if self.rules.is_empty() {
            Ok(())
        } else {
            write!(f, " (needed by {})", self.rules.join(", "))
        }
    }
}
