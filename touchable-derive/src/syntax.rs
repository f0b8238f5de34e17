//! The shapes that arguments of an attribute have: `name`, `key = value`, `[a, b]`.

use heck::ToSnakeCase;
use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, LitStr, Meta, Path, ext::IdentExt, parse::Parser};

use crate::errors::Errors;

/// `key = [a, b]`.
#[derive(Debug)]
pub struct List {
    pub key: Ident,
    pub names: Vec<Ident>,
}

/// Whether an attribute has no arguments: `#[touchable]` or `#[touchable()]`.
pub fn is_empty(meta: &Meta) -> bool {
    match meta {
        Meta::Path(_) => true,
        Meta::List(list) => list.tokens.is_empty(),
        Meta::NameValue(_) => false,
    }
}

/// `key` or `key = value`.
pub struct Arg {
    pub key: Ident,
    pub value: Option<TokenStream>,
}

pub fn args(attr: &Attribute, errors: &mut Errors) -> Vec<Arg> {
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

pub fn list(key: &Ident, value: &TokenStream, errors: &mut Errors) -> Option<List> {
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
pub fn name(tokens: TokenStream, errors: &mut Errors) -> Option<Ident> {
    if let Ok(quoted) = syn::parse2::<LitStr>(tokens.clone()) {
        let name = quoted.value();
        errors.at(tokens, format!("names stand without quotes: `{name}`"));
        return None;
    }
    let path = Path::parse_mod_style.parse2(tokens.clone());
    if let Ok(Some(last)) = path
        .as_ref()
        .map(|path| path.segments.last().filter(|_| path.segments.len() > 1))
    {
        let name = last.ident.to_string().to_snake_case();
        errors.at(tokens, format!("names stand without a path: `{name}`"));
        return None;
    }
    let name = Ident::parse_any.parse2(tokens.clone());
    if name.is_err() {
        errors.at(tokens, "expected a name");
    }
    name.ok()
}

pub fn path(key: &Ident, value: TokenStream, errors: &mut Errors) -> Option<Path> {
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

/// Text in quotes that is not blank.
pub fn text(key: &Ident, value: TokenStream, errors: &mut Errors) -> Option<LitStr> {
    let Ok(text) = syn::parse2::<LitStr>(value.clone()) else {
        errors.at(value, format!("expected text: `{key} = \"some name\"`"));
        return None;
    };
    if text.value().trim().is_empty() {
        errors.at(
            value,
            format!("`{key}` is blank: name something, or leave the name out"),
        );
        return None;
    }
    Some(text)
}

pub fn keyword(key: &Ident, value: TokenStream, expected: &str, errors: &mut Errors) -> bool {
    let is_expected = value.to_string() == expected;
    if !is_expected {
        errors.at(value, format!("the only value is `{key} = {expected}`"));
    }
    is_expected
}
