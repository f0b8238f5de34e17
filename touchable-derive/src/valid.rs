//! What a declaration means, and every rule that spans more than one attribute.

use proc_macro2::Ident;
use syn::{Type, Visibility, ext::IdentExt};

use crate::{
    association::Association,
    ast::{Column, Declaration, Format, Hops},
    attr::{Feed, Touch},
    errors::{Errors, did_you_mean},
    sea_orm,
    syntax::List,
};

/// A declaration without mistakes.
#[derive(Debug)]
pub struct Entity {
    pub vis: Visibility,
    pub format: Format,
    pub touch_column: Column,
    pub keys: Vec<Column>,
    pub created: Option<Column>,
    pub version: Option<Column>,
    pub deleted: Option<Column>,
    pub rules: Vec<Rule>,
    pub manual: bool,
    pub assigned: bool,
    pub feed: Option<Feed>,
}

/// One `#[touch(..)]`, resolved.
#[derive(Debug)]
pub struct Rule {
    /// The name of the association, and where it stands.
    pub association: Ident,
    pub hops: Hops,
    pub target: Type,
    pub fields: Fields,
    pub events: Events,
    /// Variants of the target's `Column`.
    pub columns: Vec<Ident>,
}

/// Variants of the entity's `Column`.
#[derive(Debug)]
pub enum Fields {
    Any,
    Only(Vec<Ident>),
    Except(Vec<Ident>),
}

#[expect(clippy::struct_excessive_bools, reason = "each is a word of the declaration")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Events {
    pub create: bool,
    pub update: bool,
    pub delete: bool,
    pub touch: bool,
}

/// Checks a declaration. What comes back is whole only when `errors` stays empty.
pub fn check(declaration: &Declaration, errors: &mut Errors) -> Option<Entity> {
    let mut checker = Checker { declaration, errors };
    let touch_column = checker.touch_column();
    let options = &declaration.options;
    let created = options.created_at.as_ref().and_then(|name| checker.column(name));
    let version = options.version.as_ref().and_then(|name| checker.column(name));
    let deleted = checker.deleted();
    checker.refuse_shared([touch_column, created, version, deleted]);
    let rules = checker.rules(&[touch_column, version]);
    Some(Entity {
        vis: declaration.vis.clone(),
        format: declaration.format,
        touch_column: touch_column?.clone(),
        keys: declaration.keys().cloned().collect(),
        created: created.cloned(),
        version: version.cloned(),
        deleted: deleted.cloned(),
        rules,
        manual: options.manual,
        assigned: options.assigned,
        feed: options.feed.clone(),
    })
}

struct Checker<'a, 'e> {
    declaration: &'a Declaration,
    errors: &'e mut Errors,
}

impl<'a> Checker<'a, '_> {
    fn touch_column(&mut self) -> Option<&'a Column> {
        if let Some(name) = &self.declaration.options.updated_at {
            return self.column(name);
        }
        let default = self
            .declaration
            .columns
            .iter()
            .find(|column| column.field == "updated_at");
        if default.is_none() {
            self.errors.at(
                self.declaration.place(),
                "there is no touch column: add `pub updated_at: DateTimeUtc`, \
                 or name another with `#[touchable(updated_at = some_field)]`",
            );
        }
        default
    }

    /// The column of a field, or what may have been meant.
    fn column(&mut self, name: &Ident) -> Option<&'a Column> {
        let declaration = self.declaration;
        let found = declaration
            .columns
            .iter()
            .find(|column| same(&column.field, name));
        if found.is_none() {
            self.errors.at(name, not_a_column(declaration, name));
        }
        found
    }

    /// The column by which rows are deleted.
    fn deleted(&mut self) -> Option<&'a Column> {
        let name = self.declaration.options.deleted.as_ref()?;
        let column = self.column(name)?;
        if column.is_key {
            let reason = "is the primary key, which is never null";
            self.errors
                .at(name, format!("`{name}` {reason}: name a column of its own"));
            return None;
        }
        Some(column)
    }

    /// Touch, creation, version and deletion columns, in this order, are four columns.
    fn refuse_shared(&mut self, columns: [Option<&Column>; 4]) {
        let options = &self.declaration.options;
        let names = [
            &options.updated_at,
            &options.created_at,
            &options.version,
            &options.deleted,
        ];
        let mut taken = Vec::new();
        for (column, name) in columns.into_iter().zip(names) {
            let Some(Column { field, .. }) = column else {
                continue;
            };
            if let Some(name) = name.as_ref().filter(|_| taken.contains(&field)) {
                self.errors.at(
                    name,
                    format!("`{name}` has a task already: name a column of its own"),
                );
            }
            taken.push(field);
        }
    }

    fn rules(&mut self, own: &[Option<&Column>]) -> Vec<Rule> {
        let mut rules: Vec<Rule> = Vec::new();
        for (touch, association) in self.declaration.associations(self.errors) {
            let rule = self.rule(touch, association, own);
            if let Some(rule) = rule {
                self.refuse_duplicate(&rules, &rule);
                rules.push(rule);
            }
        }
        rules
    }

    fn rule(&mut self, touch: &Touch, found: Option<Association>, own: &[Option<&Column>]) -> Option<Rule> {
        let fields = self.fields(touch, own);
        let events = touch.on.as_ref().map_or(Events::ALL, |on| self.events(on));
        let columns = touch.columns.iter().flat_map(|list| &list.names);
        let Association { name, hops, target } = found?;
        Some(Rule {
            association: name,
            hops,
            target,
            fields,
            events,
            columns: columns.map(sea_orm::default_variant).collect(),
        })
    }

    fn fields(&mut self, touch: &Touch, own: &[Option<&Column>]) -> Fields {
        match (&touch.on_fields, &touch.except_fields) {
            (None, None) => Fields::Any,
            (Some(list), None) => Fields::Only(self.watched(list, own)),
            (None, Some(list)) => Fields::Except(self.watched(list, own)),
            (Some(list), Some(except)) => {
                self.errors.at(
                    &except.key,
                    "either `on_fields` or `except_fields`: leave one of them out",
                );
                self.watched(except, own);
                Fields::Only(self.watched(list, own))
            }
        }
    }

    fn watched(&mut self, list: &List, own: &[Option<&Column>]) -> Vec<Ident> {
        let mut variants = Vec::new();
        for name in &list.names {
            let Some(column) = self.column(name) else { continue };
            if own.iter().flatten().any(|other| other.field == column.field) {
                let reason = "moves with every save and never fires a rule";
                self.errors.at(name, format!("`{name}` {reason}: leave it out"));
            } else if column.is_key {
                let reason = "is the primary key, which never changes";
                self.errors.at(name, format!("`{name}` {reason}: leave it out"));
            }
            variants.push(column.variant.clone());
        }
        variants
    }

    fn events(&mut self, on: &List) -> Events {
        let mut events = Events::NONE;
        for name in &on.names {
            match name.to_string().as_str() {
                "create" => events.create = true,
                "update" => events.update = true,
                "delete" => events.delete = true,
                "touch" => events.touch = true,
                other => {
                    let hint =
                        did_you_mean(other, &["create", "update", "delete", "touch"].map(String::from));
                    self.errors.at(name, format!("unknown event `{other}`{hint}"));
                }
            }
        }
        events
    }

    /// Two rules that differ in nothing but their fields are one rule.
    fn refuse_duplicate(&mut self, rules: &[Rule], rule: &Rule) {
        let twin = |other: &Rule| {
            (&other.hops, &other.target, other.events) == (&rule.hops, &rule.target, rule.events)
                && sorted(&other.columns) == sorted(&rule.columns)
        };
        if rules.iter().any(twin) {
            let name = &rule.association;
            let fix = "put all fields into one `#[touch(..)]`";
            self.errors
                .at(name, format!("`{name}` has this rule already: {fix}"));
        }
    }
}

impl Events {
    const ALL: Self = Self {
        create: true,
        update: true,
        delete: true,
        touch: false,
    };
    const NONE: Self = Self {
        create: false,
        update: false,
        delete: false,
        touch: false,
    };
}

/// Whether two identifiers name one field: `r#type` and `type` do.
pub fn same(one: &Ident, other: &Ident) -> bool {
    one.unraw() == other.unraw()
}

fn sorted(names: &[Ident]) -> Vec<&Ident> {
    let mut names: Vec<_> = names.iter().collect();
    names.sort();
    names
}

fn not_a_column(declaration: &Declaration, name: &Ident) -> String {
    if declaration
        .relations
        .iter()
        .any(|relation| same(&relation.field, name))
    {
        return format!("`{name}` is a relation: name the column that holds its key, if it has one here");
    }
    if name == "created_at" {
        let fix = "add `pub created_at: DateTimeUtc`, or name another with `created_at = some_field`";
        return format!("there is no field `created_at`: {fix}");
    }
    if declaration.ignored.iter().any(|field| same(field, name)) {
        return format!("`{name}` is not a column (`#[sea_orm(ignore)]`): leave it out");
    }
    let fields: Vec<_> = declaration
        .columns
        .iter()
        .map(|column| column.field.to_string())
        .collect();
    let hint = did_you_mean(&name.to_string(), &fields);
    format!("unknown field `{name}`{hint}")
}
