//! Where a `#[touch(..)]` leads: a relation field, a variant of `Relation`, a `Linked`, or whatever `Related` says.

use heck::{ToSnakeCase, ToUpperCamelCase};
use proc_macro2::Ident;
use syn::{Path, Type, TypePath, parse_quote, parse_quote_spanned, spanned::Spanned};

use crate::{
    ast::{Declaration, Format, Hops, Relation},
    attr::{TOUCH_OPTIONS, Touch},
    errors::{Errors, did_you_mean, one_of},
    valid::same,
};

/// An association, resolved.
pub struct Association {
    /// What the declaration calls it, where it does so.
    pub name: Ident,
    pub hops: Hops,
    pub target: Type,
}

impl Declaration {
    /// Every `#[touch(..)]` with its association: those of the struct, then those of its fields.
    pub fn associations(&self, errors: &mut Errors) -> Vec<(&Touch, Option<Association>)> {
        let mut found = Vec::new();
        for touch in &self.touches {
            found.push((touch, self.on_struct(touch, errors)));
        }
        for relation in &self.relations {
            for touch in &relation.touches {
                refuse_association(touch, errors);
                found.push((touch, Some(relation.association(&relation.field))));
            }
        }
        found
    }

    fn on_struct(&self, touch: &Touch, errors: &mut Errors) -> Option<Association> {
        match (&touch.association, &touch.linked, &touch.entity) {
            (None, Some(link), None) => linked(link),
            (Some(name), Some(link), _) => {
                errors.at(
                    link,
                    format!("`linked` replaces the association: leave `{name}` or this out"),
                );
                None
            }
            (None, Some(_), Some(entity)) => {
                errors.at(
                    entity,
                    "a `Linked` says itself where it leads: leave `entity` out",
                );
                None
            }
            (Some(name), None, entity) => self.named(name, entity.as_ref(), errors),
            (None, None, Some(entity)) => self.related(entity, errors),
            (None, None, None) => {
                if !touch.broken {
                    errors.at(&touch.word, self.which());
                }
                None
            }
        }
    }

    fn named(&self, name: &Ident, entity: Option<&Path>, errors: &mut Errors) -> Option<Association> {
        let field = self.relations.iter().find(|relation| same(&relation.field, name));
        if let Some(relation) = field {
            if let Some(entity) = entity {
                errors.at(
                    entity,
                    format!("the field `{name}` names its entity: leave `entity` out"),
                );
            }
            return Some(relation.association(name));
        }
        if self.format == Format::Dense || !is_variant(name) {
            errors.at(name, self.unknown(name));
            return None;
        }
        Some(Association {
            name: name.clone(),
            hops: Hops::Relation(name.clone()),
            target: entity.map_or_else(|| beside(name), |path| parse_quote!(#path)),
        })
    }

    /// An entity without a name for the way to it: a many-to-many relation in the older formats.
    fn related(&self, entity: &Path, errors: &mut Errors) -> Option<Association> {
        if self.format == Format::Dense {
            errors.at(entity, self.which());
            return None;
        }
        let named = entity.segments.iter().nth_back(1).or(entity.segments.last())?;
        Some(Association {
            name: named.ident.clone(),
            hops: Hops::Related,
            target: parse_quote!(#entity),
        })
    }

    /// The fix for a `#[touch]` that leads nowhere.
    fn which(&self) -> String {
        match self.format {
            Format::Legacy => String::from("which rows? name a variant of `Relation`: `#[touch(Task)]`"),
            _ if self.relations.is_empty() => {
                String::from("which rows? name a relation field; this entity has none yet")
            }
            _ => format!(
                "which rows? name a relation field: {}",
                one_of(&self.relation_names())
            ),
        }
    }

    fn unknown(&self, name: &Ident) -> String {
        if TOUCH_OPTIONS.contains(&name.to_string().as_str()) {
            return format!("`{name}` needs a value: `{name} = ..`");
        }
        if self.columns.iter().any(|column| same(&column.field, name)) {
            return format!("`{name}` is a column, not an association: put it into `on_fields = [{name}]`");
        }
        if self.format == Format::Legacy {
            let variant = name.to_string().to_upper_camel_case();
            return format!("associations are variants of `Relation` here: did you mean `{variant}`?");
        }
        let hint = did_you_mean(&name.to_string(), &self.relation_names());
        format!("unknown association `{name}`{hint}")
    }

    fn relation_names(&self) -> Vec<String> {
        let fields = self.relations.iter().map(|relation| &relation.field);
        fields.map(ToString::to_string).collect()
    }
}

impl Relation {
    fn association(&self, name: &Ident) -> Association {
        let TypePath { path, .. } = &self.entity;
        Association {
            name: name.clone(),
            hops: self.hops.clone(),
            target: parse_quote!(#path),
        }
    }
}

fn refuse_association(touch: &Touch, errors: &mut Errors) {
    let fix = "the field is the association: leave this out, or move the attribute above the struct";
    if let Some(name) = &touch.association {
        errors.at(name, fix);
    }
    for path in [&touch.linked, &touch.entity].into_iter().flatten() {
        errors.at(path, fix);
    }
}

fn linked(link: &Path) -> Option<Association> {
    Some(Association {
        name: link.segments.last()?.ident.clone(),
        hops: Hops::Linked(link.clone()),
        target: parse_quote_spanned!(link.span()=> <#link as ::touchable::__private::sea_orm::Linked>::ToEntity),
    })
}

/// Variants start with a capital letter, fields do not.
fn is_variant(name: &Ident) -> bool {
    name.to_string().starts_with(char::is_uppercase)
}

/// The entity of a variant where nothing names it: `super::task::Entity` for `Task`.
fn beside(variant: &Ident) -> Type {
    let module = variant.to_string().to_snake_case();
    let mut module = syn::parse_str(&module).unwrap_or_else(|_| Ident::new_raw(&module, variant.span()));
    module.set_span(variant.span());
    parse_quote!(super::#module::Entity)
}
