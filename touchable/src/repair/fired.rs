//! Which rules a repair fires. Pure.

use crate::{
    entity::{CompiledRule, Schema},
    error::{Error, Result},
};

/// Which rules a repair fires.
#[derive(Clone, Debug)]
pub(super) enum Fired {
    All,
    /// Those that a change of these columns would fire.
    Watching(Vec<String>),
}

impl Fired {
    /// The rules of a table that fire, those that cascade among them.
    ///
    /// # Errors
    /// When the table has no such column.
    pub(super) fn rules(&self, schema: &'static Schema) -> Result<Vec<&'static CompiledRule>> {
        let Self::Watching(columns) = self else {
            return Ok(schema.rules.iter().collect());
        };
        let known: Vec<&str> = schema.column_names().collect();
        if let Some(unknown) = columns.iter().find(|column| !known.contains(&column.as_str())) {
            let what = format!("column of `{}`", schema.name);
            return Err(Error::unknown_name(what, unknown, &known));
        }
        let concerned = |rule: &&CompiledRule| {
            let by = |column: &String| rule.is_concerned_by(column, column == schema.touch);
            rule.cascades() || columns.iter().any(by)
        };
        Ok(schema.rules.iter().filter(concerned).collect())
    }
}
