//! What the rules ask of each table, and what of it is not there. Pure: nothing here speaks to a database.

use sea_orm::{
    DbBackend,
    sea_query::{TableName, TableRef},
};

use crate::{
    dialect::{Catalog, Kind, MICROSECONDS},
    entity::{ColumnKind, Fields, Schema},
    error::{Fault, Problem},
    graph::TouchGraph,
};

/// What a table has to have.
pub(super) struct Needs {
    pub table: TableName,
    columns: Vec<Column>,
    indexes: Vec<Index>,
    /// Columns that rules name, with these rules.
    watched: Vec<(&'static str, String)>,
}

/// A column that is bumped.
struct Column {
    name: &'static str,
    kind: ColumnKind,
    rules: Vec<String>,
}

/// Columns by which rows are searched.
struct Index {
    columns: Vec<String>,
    rules: Vec<String>,
}

/// What the rules of a graph ask, by table.
///
/// A touch goes from hop to hop and looks for rows by the far side's columns; the near side's are read from the rows
/// that it has found. Only the far sides need an index.
pub(super) fn needs(graph: &TouchGraph) -> Vec<Needs> {
    let mut all: Vec<Needs> = Vec::new();
    for schema in graph.schemas() {
        let Some(at) = table(&mut all, &schema.table) else {
            continue;
        };
        for column in [Some(schema.touch), schema.version].into_iter().flatten() {
            all[at].column(schema, column, None);
        }
    }
    for schema in graph.schemas() {
        let Some(at) = table(&mut all, &schema.table) else {
            continue;
        };
        for rule in &schema.rules {
            if let Fields::Only(fields) = rule.fields() {
                let named = fields.iter().map(|field| (*field, rule.label.clone()));
                all[at].watched.extend(named);
            }
        }
    }
    for rule in graph.schemas().iter().flat_map(|schema| &schema.rules) {
        let target = (rule.target)();
        let own = [Some(target.touch), target.version];
        let bumped: Vec<&'static str> = if rule.columns.is_empty() {
            own.into_iter().flatten().collect()
        } else {
            rule.columns.clone()
        };
        if let Some(at) = table(&mut all, &target.table) {
            for column in bumped {
                all[at].column(target, column, Some(&rule.label));
            }
        }
        for hop in &rule.hops {
            let columns = hop.to_col.iter().map(ToString::to_string).collect();
            if let Some(at) = table(&mut all, &hop.to_tbl) {
                all[at].index(columns, &rule.label);
            }
        }
    }
    all
}

/// The place of a table, which a relation may give an alias.
fn table(all: &mut Vec<Needs>, table: &TableRef) -> Option<usize> {
    let TableRef::Table(table, _) = table else {
        return None;
    };
    let found = all.iter().position(|needs| needs.table == *table);
    Some(found.unwrap_or_else(|| {
        all.push(Needs {
            table: table.clone(),
            columns: Vec::new(),
            indexes: Vec::new(),
            watched: Vec::new(),
        });
        all.len() - 1
    }))
}

impl Needs {
    fn column(&mut self, schema: &Schema, name: &'static str, rule: Option<&str>) {
        let found = self.columns.iter().position(|column| column.name == name);
        let at = found.unwrap_or_else(|| {
            self.columns.push(Column {
                name,
                kind: schema.kind(name).unwrap_or(ColumnKind::Other),
                rules: Vec::new(),
            });
            self.columns.len() - 1
        });
        self.columns[at].rules.extend(rule.map(str::to_owned));
    }

    fn index(&mut self, columns: Vec<String>, rule: &str) {
        let found = self.indexes.iter().position(|index| index.columns == columns);
        let at = found.unwrap_or_else(|| {
            self.indexes.push(Index {
                columns,
                rules: Vec::new(),
            });
            self.indexes.len() - 1
        });
        let rules = &mut self.indexes[at].rules;
        if !rules.iter().any(|other| other == rule) {
            rules.push(rule.to_owned());
        }
    }

    /// What the table does not have.
    pub(super) fn compare(&self, catalog: &Catalog, backend: DbBackend) -> Vec<Problem> {
        let problem = |columns: Vec<String>, rules: &[String], fault| Problem {
            table: self.name(),
            columns,
            rules: rules.to_owned(),
            fault,
        };
        if catalog.is_empty() {
            return vec![problem(Vec::new(), &self.rules(), Fault::NoTable)];
        }
        let columns = self.columns.iter().filter_map(|column| {
            let fault = column.fault(catalog, backend)?;
            Some(problem(vec![column.name.to_owned()], &column.rules, fault))
        });
        let indexes = self.indexes.iter().filter_map(|index| {
            let missing = index.columns.iter().find(|column| catalog.kind(column).is_none());
            if let Some(missing) = missing {
                return Some(problem(vec![missing.clone()], &index.rules, Fault::NoColumn));
            }
            (!catalog.covers(&index.columns))
                .then(|| problem(index.columns.clone(), &index.rules, Fault::NoIndex))
        });
        let generated = self
            .watched
            .iter()
            .filter(|(column, _)| catalog.generates(column))
            .map(|(column, rule)| {
                problem(
                    vec![(*column).to_owned()],
                    std::slice::from_ref(rule),
                    Fault::Generated,
                )
            });
        columns.chain(indexes).chain(generated).collect()
    }

    /// The table as a statement names it.
    fn name(&self) -> String {
        let TableName(schema, table) = &self.table;
        schema
            .as_ref()
            .map_or_else(|| table.to_string(), |schema| format!("{}.{table}", schema.1))
    }

    fn rules(&self) -> Vec<String> {
        let mut rules: Vec<String> = Vec::new();
        let columns = self.columns.iter().flat_map(|column| &column.rules);
        for rule in columns.chain(self.indexes.iter().flat_map(|index| &index.rules)) {
            if !rules.contains(rule) {
                rules.push(rule.clone());
            }
        }
        rules
    }
}

impl Column {
    fn fault(&self, catalog: &Catalog, backend: DbBackend) -> Option<Fault> {
        let Some(stored) = catalog.kind(self.name) else {
            return Some(Fault::NoColumn);
        };
        match (self.kind, stored) {
            (ColumnKind::Zoned | ColumnKind::Naive, Kind::Time(digits)) => {
                (*digits < MICROSECONDS).then_some(Fault::Coarse(*digits))
            }
            // SQLite has no type for times: text holds them.
            (ColumnKind::Zoned | ColumnKind::Naive, Kind::Text) if backend == DbBackend::Sqlite => None,
            (ColumnKind::Integer, Kind::Integer) => None,
            (ColumnKind::Zoned | ColumnKind::Naive | ColumnKind::Integer, other) => {
                Some(Fault::WrongType(other.to_string()))
            }
            _ => Some(Fault::NotBumpable),
        }
    }
}
