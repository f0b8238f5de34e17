//! What the user wrote, typed: SeaORM's dense, compact and legacy formats become one.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::{
    Attribute, Data, DeriveInput, Field, Fields, Token, Type, TypePath, Visibility, punctuated::Punctuated,
};

use crate::{
    attr::{self, Options, Touch},
    errors::Errors,
    sea_orm::{self, Attrs},
};

/// How the entity is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `#[sea_orm::model]`: relations are fields.
    Dense,
    /// `#[sea_orm::compact_model]`: relations are variants of a handwritten `Relation`, and fields of it.
    Compact,
    /// Neither: relations are variants of a handwritten `Relation`.
    Legacy,
}

/// A struct with `#[derive(Touchable)]`.
#[derive(Debug)]
pub enum Input {
    /// The `Model` of a dense or compact entity: its `ModelEx` has all the fields, so that one is the declaration.
    Shadow,
    Declaration(Box<Declaration>),
}

/// The struct that declares an entity.
#[derive(Debug)]
pub struct Declaration {
    pub vis: Visibility,
    pub ident: Ident,
    pub format: Format,
    pub columns: Vec<Column>,
    /// Fields that are no columns (`#[sea_orm(ignore)]`).
    pub ignored: Vec<Ident>,
    pub relations: Vec<Relation>,
    pub touches: Vec<Touch>,
    pub options: Options,
}

/// A field that is a column.
#[derive(Clone, Debug)]
pub struct Column {
    pub field: Ident,
    pub ty: Type,
    pub variant: Ident,
    pub is_key: bool,
}

/// A field that is a relation.
#[derive(Debug)]
pub struct Relation {
    pub field: Ident,
    pub entity: TypePath,
    pub hops: Hops,
    /// The `#[touch(..)]` on the field itself.
    pub touches: Vec<Touch>,
}

/// The way from the entity's table to the target's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hops {
    /// A variant of the entity's `Relation`.
    Relation(Ident),
    /// Whatever `Related` says.
    Related,
    /// Through a junction: the variants of its `Relation` that lead to the entity and to the target.
    Junction {
        module: Ident,
        from: Option<Ident>,
        to: Ident,
    },
    /// Through a junction back to the entity itself (`RelatedSelfVia`).
    SelfVia { module: Ident, reverse: bool },
    /// A `Linked`.
    Linked(syn::Path),
}

/// Reads a struct. `None` when there is nothing to read on, with the reason in `errors`.
pub fn read(input: &DeriveInput, errors: &mut Errors) -> Option<Input> {
    let fields = named_fields(input, errors)?;
    let attrs = Attrs::of(&input.attrs);
    if attrs.has("model_ex") {
        return Some(Input::Shadow);
    }
    let format = format(input, &attrs, errors)?;
    let mut declaration = Declaration {
        vis: input.vis.clone(),
        ident: input.ident.clone(),
        format,
        columns: Vec::new(),
        ignored: Vec::new(),
        relations: Vec::new(),
        touches: attr::touches(&input.attrs, errors),
        options: attr::options(&input.attrs, errors),
    };
    for field in fields {
        declaration.add(field, errors);
    }
    refuse_raw(&declaration, errors);
    Some(Input::Declaration(Box::new(declaration)))
}

fn named_fields<'a>(input: &'a DeriveInput, errors: &mut Errors) -> Option<&'a Punctuated<Field, Token![,]>> {
    if !input.generics.params.is_empty() {
        errors.at(&input.generics, "an entity has no generic parameters");
        return None;
    }
    let Data::Struct(data) = &input.data else {
        errors.at(
            &input.ident,
            "`Touchable` is for structs: derive it on an entity's `Model`",
        );
        return None;
    };
    let Fields::Named(fields) = &data.fields else {
        errors.at(&input.ident, "`Touchable` needs a struct with named fields");
        return None;
    };
    Some(&fields.named)
}

fn format(input: &DeriveInput, attrs: &Attrs, errors: &mut Errors) -> Option<Format> {
    match input.ident.to_string().as_str() {
        "ModelEx" if attrs.has("compact_model") => Some(Format::Compact),
        "ModelEx" => Some(Format::Dense),
        "Model" => {
            refuse_above_model(input, errors);
            Some(Format::Legacy)
        }
        other => {
            let fix = "derive `Touchable` on the entity's `Model`";
            errors.at(&input.ident, format!("`{other}` is not an entity: {fix}"));
            None
        }
    }
}

/// A derive above `#[sea_orm::model]` sees the struct before SeaORM has split it, and would miss every relation.
fn refuse_above_model(input: &DeriveInput, errors: &mut Errors) {
    let model = input.attrs.iter().find(|attr| {
        let last = attr.path().segments.last();
        last.is_some_and(|name| name.ident == "model" || name.ident == "compact_model")
    });
    if let Some(attr) = model {
        errors.at(
            attr.path(),
            "`#[derive(Touchable)]` stands above this attribute: move the derive below it",
        );
    }
}

/// The same under another name of the attribute: a `Model` that still has relation fields.
fn refuse_raw(declaration: &Declaration, errors: &mut Errors) {
    let Some(Relation { field, .. }) = declaration.relations.first() else {
        return;
    };
    if declaration.format == Format::Legacy && errors.is_empty() {
        let fix = "move `#[derive(Touchable)]` below `#[sea_orm::model]`";
        errors.at(
            field,
            format!("`{field}` is a relation, but the entity is not dense yet: {fix}"),
        );
    }
}

impl Declaration {
    /// The user's own token for the whole struct: SeaORM names `ModelEx` itself.
    pub fn place(&self) -> TokenStream {
        match &self.vis {
            Visibility::Inherited => self.ident.to_token_stream(),
            vis => vis.to_token_stream(),
        }
    }

    /// The columns of the primary key.
    pub fn keys(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.is_key)
    }

    fn add(&mut self, field: &Field, errors: &mut Errors) {
        let Some(ident) = field.ident.clone() else { return };
        refuse_touchable(&field.attrs, errors);
        let touches = attr::touches(&field.attrs, errors);
        if let Some(entity) = sea_orm::related_entity(&field.ty) {
            let hops = sea_orm::hops(field, entity, self.format == Format::Compact);
            let entity = entity.clone();
            return self.relations.push(Relation {
                field: ident,
                entity,
                hops,
                touches,
            });
        }
        for touch in touches {
            errors.at(&touch.word, self.misplaced(&ident));
        }
        let attrs = Attrs::of(&field.attrs);
        if attrs.has("ignore") {
            return self.ignored.push(ident);
        }
        self.columns.push(Column {
            ty: field.ty.clone(),
            variant: sea_orm::column_variant(&ident, &attrs),
            is_key: attrs.has("primary_key"),
            field: ident,
        });
    }

    fn misplaced(&self, field: &Ident) -> String {
        let fix = match self.format {
            Format::Legacy => {
                format!("write `#[touch(SomeRelation, on_fields = [{field}])]` above the struct")
            }
            _ => format!("write `#[touch(on_fields = [{field}])]` on a relation field"),
        };
        format!("`{field}` is not a relation: {fix}")
    }
}

fn refuse_touchable(attrs: &[Attribute], errors: &mut Errors) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("touchable")) {
        errors.at(
            attr,
            "`#[touchable(..)]` concerns the entity: move it above the struct",
        );
    }
}
