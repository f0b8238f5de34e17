//! What SeaORM's own macros make of a struct: the names of its columns and relations (sea-orm-macros 2.0.4).

use heck::ToUpperCamelCase;
use proc_macro2::Ident;
use quote::format_ident;
use syn::{
    Attribute, Expr, ExprLit, Field, GenericArgument, Lit, LitStr, Path, PathArguments, Token, Type,
    TypePath, ext::IdentExt,
};

use crate::ast::Hops;

/// The `#[sea_orm(..)]` options of a struct or a field. What is wrong in them, SeaORM reports itself.
pub struct Attrs(Vec<(String, Option<LitStr>)>);

impl Attrs {
    pub fn of(attrs: &[Attribute]) -> Self {
        let mut found = Vec::new();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident("sea_orm")) {
            let _ = attr.parse_nested_meta(|meta| {
                let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
                let mut text = None;
                if meta.input.peek(Token![=]) {
                    if let Expr::Lit(ExprLit {
                        lit: Lit::Str(lit), ..
                    }) = meta.value()?.parse()?
                    {
                        text = Some(lit);
                    }
                } else if meta.input.peek(syn::token::Paren) {
                    let content;
                    syn::parenthesized!(content in meta.input);
                    content.parse::<proc_macro2::TokenStream>()?;
                }
                found.push((name, text));
                Ok(())
            });
        }
        Self(found)
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(found, _)| found == name)
    }

    fn text(&self, name: &str) -> Option<&LitStr> {
        self.0
            .iter()
            .find(|(found, _)| found == name)
            .and_then(|(_, text)| text.as_ref())
    }
}

/// The variant of `Column` that belongs to a field.
pub fn column_variant(field: &Ident, attrs: &Attrs) -> Ident {
    let name = match attrs.text("enum_name") {
        Some(name) => name.value(),
        None => column_of(field),
    };
    ident(&name, field)
}

/// The variant of `Column` that a field has unless it says otherwise.
pub fn default_variant(field: &Ident) -> Ident {
    ident(&column_of(field), field)
}

fn column_of(field: &Ident) -> String {
    field.unraw().to_string().to_upper_camel_case()
}

fn ident(name: &str, at: &Ident) -> Ident {
    // `Self` is the only UpperCamel word that is not a name
    match name {
        "Self" => Ident::new("Self_", at.span()),
        _ => Ident::new(name, at.span()),
    }
}

/// The entity of a `BelongsTo<..>`, `HasOne<..>` or `HasMany<..>`.
pub fn related_entity(ty: &Type) -> Option<&TypePath> {
    let (wrapper, inner) = generic(ty)?;
    match wrapper.to_string().as_str() {
        "HasOne" | "HasMany" => entity(inner),
        "BelongsTo" => match generic(inner) {
            Some((option, inner)) if option == "Option" => entity(inner),
            _ => entity(inner),
        },
        _ => None,
    }
}

fn entity(ty: &Type) -> Option<&TypePath> {
    match ty {
        Type::Path(path) if path.path.segments.last()?.ident == "Entity" => Some(path),
        _ => None,
    }
}

fn generic(ty: &Type) -> Option<(&Ident, &Type)> {
    let Type::Path(path) = ty else { return None };
    let segment = path.path.segments.last()?;
    let PathArguments::AngleBracketed(args) = &segment.arguments else {
        return None;
    };
    match args.args.first() {
        Some(GenericArgument::Type(inner)) => Some((&segment.ident, inner)),
        _ => None,
    }
}

/// The way from an entity to the one in its relation field.
pub fn hops(field: &Field, entity: &TypePath, compact: bool) -> Hops {
    let attrs = Attrs::of(&field.attrs);
    if let Some((module, from)) = attrs.text("via").and_then(junction) {
        return via(module, from, entity, &attrs);
    }
    // a compact model's relations are written by hand: only `relation_enum` says what they are called
    match attrs.text("relation_enum") {
        None if compact || attrs.0.is_empty() => Hops::Related,
        _ => Hops::Relation(relation_variant(entity, &attrs)),
    }
}

fn via(module: Ident, from: Option<Ident>, entity: &TypePath, attrs: &Attrs) -> Hops {
    if is_self(entity) {
        let reverse = attrs.has("reverse");
        return Hops::SelfVia { module, reverse };
    }
    // SeaORM implements `Related` for these three, except where two fields lead to one entity
    let declared = ["has_many", "has_one", "belongs_to"]
        .iter()
        .any(|kind| attrs.has(kind));
    if !declared {
        return Hops::Related;
    }
    let to = relation_variant(entity, attrs);
    Hops::Junction { module, from, to }
}

fn junction(via: &LitStr) -> Option<(Ident, Option<Ident>)> {
    let mut segments = via.parse::<Path>().ok()?.segments.into_iter();
    let module = segments.next()?.ident;
    Some((module, segments.next().map(|relation| relation.ident)))
}

fn relation_variant(entity: &TypePath, attrs: &Attrs) -> Ident {
    if let Some(name) = attrs.text("relation_enum") {
        return format_ident!("{}", name.value().to_upper_camel_case(), span = name.span());
    }
    let segments = &entity.path.segments;
    let named = segments.iter().nth_back(1).or(segments.last());
    let name = named.map(|segment| segment.ident.to_string()).unwrap_or_default();
    format_ident!("{}", name.to_upper_camel_case())
}

fn is_self(entity: &TypePath) -> bool {
    entity.path.is_ident("Entity")
}
