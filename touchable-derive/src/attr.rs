//! The grammar of `#[touch(..)]` and `#[touchable(..)]`, spans kept.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, LitStr, Meta, Path, ext::IdentExt, parse::Parser};

use crate::errors::{Errors, did_you_mean};

pub const TOUCH_OPTIONS: [&str; 6] = ["on_fields", "except_fields", "on", "columns", "linked", "entity"];
const TOUCHABLE_OPTIONS: [&str; 5] = ["updated_at", "created_at", "version", "hooks", "dirty"];

/// One `#[touch(..)]`.
#[derive(Debug)]
pub struct Touch {
    /// The attribute, for mistakes that concern the whole of it.
    pub attr: Meta,
    pub association: Option<Ident>,
    pub on_fields: Option<List>,
    pub except_fields: Option<List>,
    pub on: Option<List>,
    pub columns: Option<List>,
    pub linked: Option<Path>,
    pub entity: Option<Path>,
}

/// `key = [a, b]`.
#[derive(Debug)]
pub struct List {
    pub key: Ident,
    pub names: Vec<Ident>,
}

/// All `#[touchable(..)]` of a struct.
#[derive(Debug, Default)]
pub struct Options {
    pub updated_at: Option<Ident>,
    pub created_at: Option<Ident>,
    pub version: Option<Ident>,
    /// `hooks = manual`. A misspelled `manual` counts too: who writes `hooks` has hooks of their own.
    pub manual: bool,
    /// `dirty = assigned`.
    pub assigned: bool,
}

/// The `#[touch(..)]` among the attributes of a struct or a field.
pub fn touches(attrs: &[Attribute], errors: &mut Errors) -> Vec<Touch> {
    let named = attrs.iter().filter(|attr| attr.path().is_ident("touch"));
    named.map(|attr| touch(attr, errors)).collect()
}

fn touch(attr: &Attribute, errors: &mut Errors) -> Touch {
    let mut touch = Touch {
        attr: attr.meta.clone(),
        association: None,
        on_fields: None,
        except_fields: None,
        on: None,
        columns: None,
        linked: None,
        entity: None,
    };
    for arg in args(attr, errors) {
        touch.read(arg, errors);
    }
    touch
}

impl Touch {
    fn read(&mut self, arg: Arg, errors: &mut Errors) {
        let Arg { key, value } = arg;
        let Some(value) = value else {
            return match &self.association {
                None => self.association = Some(key),
                Some(_) => errors.at(
                    key,
                    "one association per `#[touch(..)]`: repeat the attribute for another",
                ),
            };
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
            ("updated_at", Some(value)) => self.updated_at = name(value, errors),
            ("created_at", Some(value)) => self.created_at = name(value, errors),
            ("version", Some(value)) => self.version = name(value, errors),
            ("hooks", Some(value)) => {
                self.manual = true;
                keyword(&key, value, "manual", errors);
            }
            ("dirty", Some(value)) => self.assigned = keyword(&key, value, "assigned", errors),
            ("updated_at" | "version", None) => {
                errors.at(&key, format!("`{key}` needs a field: `{key} = some_field`"));
            }
            ("hooks", None) => errors.at(key, "`hooks` needs a value: `hooks = manual`"),
            ("dirty", None) => errors.at(key, "`dirty` needs a value: `dirty = assigned`"),
            _ => unknown_option(&key, &TOUCHABLE_OPTIONS, errors),
        }
    }
}

/// Whether an attribute has no arguments: `#[touch]` or `#[touch()]`.
pub fn is_empty(meta: &Meta) -> bool {
    match meta {
        Meta::Path(_) => true,
        Meta::List(list) => list.tokens.is_empty(),
        Meta::NameValue(_) => false,
    }
}

/// `key` or `key = value`.
struct Arg {
    key: Ident,
    value: Option<TokenStream>,
}

fn args(attr: &Attribute, errors: &mut Errors) -> Vec<Arg> {
    match &attr.meta {
        Meta::Path(_) => Vec::new(),
        Meta::List(list) => {
            let parts = split(list.tokens.clone(), errors);
            parts.into_iter().filter_map(|part| arg(part, errors)).collect()
        }
        Meta::NameValue(pair) => {
            let path = pair.path.to_token_stream();
            errors.at(pair, format!("expected `#[{path}(..)]`"));
            Vec::new()
        }
    }
}

fn arg(tokens: TokenStream, errors: &mut Errors) -> Option<Arg> {
    let mut rest = tokens.clone().into_iter();
    let Some(TokenTree::Ident(key)) = rest.next() else {
        return name(tokens, errors).map(|key| Arg { key, value: None });
    };
    match rest.next() {
        None => Some(Arg { key, value: None }),
        Some(TokenTree::Punct(equals)) if equals.as_char() == '=' => {
            let value: TokenStream = rest.collect();
            if value.is_empty() {
                errors.at(tokens, format!("`{key} =` needs a value"));
                return None;
            }
            Some(Arg {
                key,
                value: Some(value),
            })
        }
        Some(TokenTree::Group(_)) => {
            errors.at(
                tokens,
                format!("write the value after an equals sign: `{key} = ..`"),
            );
            None
        }
        Some(_) => name(tokens, errors).map(|key| Arg { key, value: None }),
    }
}

/// The parts between the commas, so that a mistake in one of them leaves the others readable.
fn split(tokens: TokenStream, errors: &mut Errors) -> Vec<TokenStream> {
    let mut parts = Vec::new();
    let mut part = TokenStream::new();
    for token in tokens {
        match &token {
            TokenTree::Punct(comma) if comma.as_char() == ',' => {
                if part.is_empty() {
                    errors.at(comma, "nothing stands before this comma");
                } else {
                    parts.push(std::mem::take(&mut part));
                }
            }
            _ => part.extend([token]),
        }
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}

fn list(key: &Ident, value: &TokenStream, errors: &mut Errors) -> Option<List> {
    let mut tokens = value.clone().into_iter();
    let (Some(TokenTree::Group(group)), None) = (tokens.next(), tokens.next()) else {
        errors.at(value, format!("expected a list: `{key} = [..]`"));
        return None;
    };
    if group.delimiter() != Delimiter::Bracket {
        errors.at(value, format!("expected square brackets: `{key} = [..]`"));
        return None;
    }
    let parts = split(group.stream(), errors);
    if parts.is_empty() {
        errors.at(
            value,
            format!("`{key}` is empty: name something, or leave it out"),
        );
    }
    let mut names: Vec<Ident> = Vec::new();
    for part in parts {
        let Some(name) = name(part, errors) else { continue };
        if names.contains(&name) {
            errors.at(&name, format!("`{name}` stands in `{key}` twice"));
        } else {
            names.push(name);
        }
    }
    Some(List {
        key: key.clone(),
        names,
    })
}

/// A field, an association, an event: one identifier, without quotes and without a path.
fn name(tokens: TokenStream, errors: &mut Errors) -> Option<Ident> {
    if let Ok(quoted) = syn::parse2::<LitStr>(tokens.clone()) {
        let name = quoted.value();
        errors.at(tokens, format!("names stand without quotes: `{name}`"));
        return None;
    }
    let name = Ident::parse_any.parse2(tokens.clone());
    if name.is_err() {
        errors.at(tokens, "expected a name");
    }
    name.ok()
}

fn path(key: &Ident, value: TokenStream, errors: &mut Errors) -> Option<Path> {
    if let Ok(quoted) = syn::parse2::<LitStr>(value.clone()) {
        let path = quoted.value();
        errors.at(value, format!("paths stand without quotes: `{key} = {path}`"));
        return None;
    }
    let path = Path::parse_mod_style.parse2(value.clone());
    if path.is_err() {
        errors.at(value, format!("expected a path: `{key} = super::some::Name`"));
    }
    path.ok()
}

fn keyword(key: &Ident, value: TokenStream, expected: &str, errors: &mut Errors) -> bool {
    let is_expected = value.to_string() == expected;
    if !is_expected {
        errors.at(value, format!("the only value is `{key} = {expected}`"));
    }
    is_expected
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
