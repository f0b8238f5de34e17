//! The grammar of `#[touch(..)]` and `#[touchable(..)]`, spans kept.

use proc_macro2::Ident;
use syn::{Attribute, LitStr, Path};

use crate::{
    errors::{Errors, did_you_mean},
    syntax::{Arg, List, args, is_empty, keyword, list, name, path, text},
};

pub const TOUCH_OPTIONS: [&str; 6] = ["on_fields", "except_fields", "on", "columns", "linked", "entity"];
const TOUCHABLE_OPTIONS: [&str; 7] = [
    "updated_at",
    "created_at",
    "deleted",
    "version",
    "hooks",
    "dirty",
    "feed",
];

/// One `#[touch(..)]`.
#[derive(Debug)]
pub struct Touch {
    /// The word `touch`, for mistakes that concern the whole attribute.
    pub word: Path,
    /// Whether something in it could not be read, so that what is missing may not be missing.
    pub broken: bool,
    pub association: Option<Ident>,
    pub on_fields: Option<List>,
    pub except_fields: Option<List>,
    pub on: Option<List>,
    pub columns: Option<List>,
    pub linked: Option<Path>,
    pub entity: Option<Path>,
}

/// All `#[touchable(..)]` of a struct.
#[derive(Debug, Default)]
pub struct Options {
    pub updated_at: Option<Ident>,
    pub created_at: Option<Ident>,
    pub version: Option<Ident>,
    pub deleted: Option<Ident>,
    /// `hooks = manual`. A misspelled `manual` counts too: who writes `hooks` has hooks of their own.
    pub manual: bool,
    /// `dirty = assigned`.
    pub assigned: bool,
    pub feed: Option<Feed>,
}

/// `feed` or `feed = "stream"`.
#[derive(Clone, Debug)]
pub struct Feed {
    pub word: Ident,
    /// The table's name unless given.
    pub stream: Option<LitStr>,
}

/// The `#[touch(..)]` among the attributes of a struct or a field.
pub fn touches(attrs: &[Attribute], errors: &mut Errors) -> Vec<Touch> {
    let named = attrs.iter().filter(|attr| attr.path().is_ident("touch"));
    named.map(|attr| touch(attr, errors)).collect()
}

fn touch(attr: &Attribute, errors: &mut Errors) -> Touch {
    let mut touch = Touch {
        word: attr.path().clone(),
        broken: false,
        association: None,
        on_fields: None,
        except_fields: None,
        on: None,
        columns: None,
        linked: None,
        entity: None,
    };
    let before = errors.count();
    for arg in args(attr, errors) {
        touch.read(arg, errors);
    }
    touch.broken = errors.count() > before;
    touch
}

impl Touch {
    fn read(&mut self, arg: Arg, errors: &mut Errors) {
        let Arg { key, value } = arg;
        let Some(value) = value else {
            return self.name(key, errors);
        };
        match key.to_string().as_str() {
            "on_fields" => once(&mut self.on_fields, &key, list(&key, &value, errors), errors),
            "except_fields" => once(&mut self.except_fields, &key, list(&key, &value, errors), errors),
            "on" => once(&mut self.on, &key, list(&key, &value, errors), errors),
            "columns" => once(&mut self.columns, &key, list(&key, &value, errors), errors),
            "linked" => once(&mut self.linked, &key, path(&key, value, errors), errors),
            "entity" => once(&mut self.entity, &key, path(&key, value, errors), errors),
            _ => unknown_option(&key, &TOUCH_OPTIONS, errors),
        }
    }
}

impl Touch {
    fn name(&mut self, key: Ident, errors: &mut Errors) {
        if self.association.is_none() {
            self.association = Some(key);
        } else if TOUCH_OPTIONS.contains(&key.to_string().as_str()) {
            errors.at(&key, format!("`{key}` needs a value: `{key} = ..`"));
        } else {
            errors.at(
                key,
                "one association per `#[touch(..)]`: repeat the attribute for another",
            );
        }
    }
}

/// The `#[touchable(..)]` among the attributes of a struct.
pub fn options(attrs: &[Attribute], errors: &mut Errors) -> Options {
    let mut options = Options::default();
    let mut seen = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("touchable")) {
        let args = args(attr, errors);
        if is_empty(&attr.meta) {
            errors.at(
                attr,
                "`#[touchable]` says nothing: leave it out or give it an option",
            );
        }
        for arg in args {
            if seen.contains(&arg.key) {
                duplicated(&arg.key, errors);
            } else {
                seen.push(arg.key.clone());
                options.read(arg, errors);
            }
        }
    }
    options
}

impl Options {
    fn read(&mut self, Arg { key, value }: Arg, errors: &mut Errors) {
        match (key.to_string().as_str(), value) {
            ("created_at", None) => self.created_at = Some(key),
            ("feed", None) => {
                self.feed = Some(Feed {
                    word: key,
                    stream: None,
                });
            }
            ("feed", Some(value)) => {
                let stream = text(&key, value, errors);
                self.feed = Some(Feed { word: key, stream });
            }
            ("updated_at", Some(value)) => self.updated_at = name(value, errors),
            ("created_at", Some(value)) => self.created_at = name(value, errors),
            ("version", Some(value)) => self.version = name(value, errors),
            ("deleted", Some(value)) => self.deleted = name(value, errors),
            ("hooks", Some(value)) => {
                self.manual = true;
                keyword(&key, value, "manual", errors);
            }
            ("dirty", Some(value)) => self.assigned = keyword(&key, value, "assigned", errors),
            ("updated_at" | "version" | "deleted", None) => {
                errors.at(&key, format!("`{key}` needs a field: `{key} = some_field`"));
            }
            ("hooks", None) => errors.at(key, "`hooks` needs a value: `hooks = manual`"),
            ("dirty", None) => errors.at(key, "`dirty` needs a value: `dirty = assigned`"),
            _ => unknown_option(&key, &TOUCHABLE_OPTIONS, errors),
        }
    }
}

fn once<T>(slot: &mut Option<T>, key: &Ident, value: Option<T>, errors: &mut Errors) {
    if slot.is_some() {
        duplicated(key, errors);
    } else {
        *slot = value;
    }
}

fn duplicated(key: &Ident, errors: &mut Errors) {
    errors.at(key, format!("`{key}` is given twice: leave one of them out"));
}

fn unknown_option(key: &Ident, options: &[&str], errors: &mut Errors) {
    let names: Vec<_> = options.iter().map(ToString::to_string).collect();
    let hint = did_you_mean(&key.to_string(), &names);
    errors.at(key, format!("unknown option `{key}`{hint}"));
}
