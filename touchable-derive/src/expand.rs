//! What a declaration compiles to: constants, and calls into `touchable::__private`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{ext::IdentExt, spanned::Spanned};

use crate::{
    ast::{Column, Format, Hops},
    attr::Feed,
    hooks,
    valid::{Entity, Events, Fields, Rule},
};

/// The whole of it.
pub fn entity(entity: &Entity) -> TokenStream {
    let touchable = touchable(entity);
    let hooks = hooks::hooks(&entity.vis, entity.manual);
    let both = both_derived(entity.format);
    let touch = Some(&entity.touch_column);
    let records = records(entity.format, touch, read_by_keys(entity));
    let links = entity.rules.iter().filter_map(link_starts_here);
    quote! { #touchable #hooks #both #records #(#links)* }
}

fn touchable(entity: &Entity) -> TokenStream {
    let rules = entity.rules.iter().map(rule);
    let touch = &entity.touch_column.variant;
    let created = optional(entity.created.as_ref());
    let version = optional(entity.version.as_ref());
    let deleted = optional(entity.deleted.as_ref());
    let can_delete = entity.deleted.as_ref().map(can_delete);
    let dirty = if entity.assigned {
        quote!(Assigned)
    } else {
        quote!(Compared)
    };
    let feed = entity.feed.as_ref().map(feed);
    let values = values(entity);
    quote! {
        #[automatically_derived]
        impl ::touchable::Touchable for Entity {
            const RULES: &'static [::touchable::__private::Rule<Self>] = &[#(#rules),*];
            const TOUCH_COLUMN: Column = Column::#touch;
            const CREATED_COLUMN: ::core::option::Option<Column> = #created;
            const VERSION_COLUMN: ::core::option::Option<Column> = #version;
            const DELETED_COLUMN: ::core::option::Option<Column> = #deleted;
            const DIRTY: ::touchable::__private::Dirty = ::touchable::__private::Dirty::#dirty;

            fn schema() -> &'static ::touchable::__private::Schema {
                static SCHEMA: ::touchable::__private::OnceLock<::touchable::__private::Schema> =
                    ::touchable::__private::OnceLock::new();
                SCHEMA.get_or_init(::touchable::__private::Schema::of::<Entity>)
            }
            #values
            #feed
        }
        #can_delete
    }
}

/// A row is there while the column is null: another type is an error where it is written.
fn can_delete(Column { ty, .. }: &Column) -> TokenStream {
    quote_spanned!(ty.span()=> const _: () = ::touchable::__private::can_delete::<#ty>();)
}

/// The stream, or the error that the feature is missing.
fn feed(Feed { word, stream }: &Feed) -> TokenStream {
    let stream = stream.as_ref().map_or_else(
        || quote!(::touchable::__private::sea_orm::EntityName::table_name(&Entity)),
        ToTokens::to_token_stream,
    );
    let checked = quote_spanned!(at(word)=> ::touchable::__private::feed!());
    quote! {
        fn feed() -> ::core::option::Option<&'static str> {
            #checked;
            ::core::option::Option::Some(#stream)
        }
    }
}

fn optional(column: Option<&Column>) -> TokenStream {
    let value = column.map(|Column { variant, .. }| quote!(Column::#variant));
    option(value)
}

fn option(value: Option<TokenStream>) -> TokenStream {
    value.map_or_else(
        || quote!(::core::option::Option::None),
        |value| quote!(::core::option::Option::Some(#value)),
    )
}

/// The functions that know the types of the columns. A wrong type is an error where it is written.
fn values(entity: &Entity) -> TokenStream {
    let touch = &entity.touch_column.ty;
    let created = entity
        .created
        .as_ref()
        .map(|Column { ty, .. }| quote!(::touchable::__private::stamp_value::<#ty>(stamp)));
    let version = entity
        .version
        .as_ref()
        .map(|Column { ty, .. }| quote!(::touchable::__private::first_version::<#ty>()));
    let stamp = if created.is_some() {
        quote!(stamp)
    } else {
        quote!(_)
    };
    let (created, version) = (option(created), option(version));
    quote! {
        fn stamp_value(stamp: ::touchable::__private::Stamp) -> ::touchable::__private::sea_orm::Value {
            ::touchable::__private::stamp_value::<#touch>(stamp)
        }
        fn value_stamp(
            value: &::touchable::__private::sea_orm::Value,
        ) -> ::core::option::Option<::touchable::__private::Stamp> {
            ::touchable::__private::value_stamp::<#touch>(value)
        }
        fn created_value(
            #stamp: ::touchable::__private::Stamp,
        ) -> ::core::option::Option<::touchable::__private::sea_orm::Value> {
            #created
        }
        fn first_version() -> ::core::option::Option<::touchable::__private::sea_orm::Value> {
            #version
        }
    }
}

fn rule(rule: &Rule) -> TokenStream {
    let association = rule.association.unraw().to_string();
    let path = path(rule);
    let target = &rule.target;
    let schema = quote_spanned!(at(&rule.association)=> <#target as ::touchable::Touchable>::schema);
    let fields = fields(&rule.fields);
    let Events {
        create,
        update,
        delete,
        touch,
    } = rule.events;
    let columns = rule.columns.iter().map(|column| {
        quote_spanned!(at(column)=> ::touchable::__private::column_name(
            <#target as ::touchable::__private::sea_orm::EntityTrait>::Column::#column
        ))
    });
    quote! {
        ::touchable::__private::Rule {
            association: #association,
            path: || #path,
            target: #schema,
            fields: #fields,
            events: ::touchable::__private::Events {
                create: #create, update: #update, delete: #delete, touch: #touch
            },
            columns: || ::std::vec![#(#columns),*],
        }
    }
}

fn fields(fields: &Fields) -> TokenStream {
    match fields {
        Fields::Any => quote!(::touchable::__private::Fields::Any),
        Fields::Only(fields) => quote!(::touchable::__private::Fields::Only(&[#(Column::#fields),*])),
        Fields::Except(fields) => quote!(::touchable::__private::Fields::Except(&[#(Column::#fields),*])),
    }
}

fn path(rule: &Rule) -> TokenStream {
    let at = at(&rule.association);
    let target = &rule.target;
    match &rule.hops {
        Hops::Relation(variant) => {
            let def = definition(&quote!(Relation), variant);
            quote!(::std::vec![#def])
        }
        Hops::Related => quote_spanned!(at=> ::touchable::__private::related::<Entity, #target>()),
        Hops::Junction { module, from, to } => {
            let relation = quote!(super::#module::Relation);
            let related = || {
                quote_spanned! {at=>
                    <super::#module::Entity as ::touchable::__private::sea_orm::Related<Entity>>::to()
                }
            };
            let from = from
                .as_ref()
                .map_or_else(related, |from| definition(&relation, from));
            let to = definition(&relation, to);
            quote!(::std::vec![#from.rev(), #to])
        }
        Hops::SelfVia {
            module,
            reverse: false,
        } => {
            quote_spanned!(at=> ::touchable::__private::related_self::<Entity, super::#module::Entity>())
        }
        Hops::SelfVia {
            module,
            reverse: true,
        } => {
            quote_spanned!(at=> ::touchable::__private::related_self_reverse::<Entity, super::#module::Entity>())
        }
        Hops::Linked(link) => quote!(::touchable::__private::sea_orm::Linked::link(&#link)),
    }
}

fn definition(relation: &TokenStream, variant: &Ident) -> TokenStream {
    quote_spanned!(at(variant)=> ::touchable::__private::sea_orm::RelationTrait::def(&#relation::#variant))
}

/// A chain that starts at another entity would join tables that have nothing to do with the saved row.
fn link_starts_here(rule: &Rule) -> Option<TokenStream> {
    let Hops::Linked(link) = &rule.hops else {
        return None;
    };
    Some(
        quote_spanned!(link.span()=> const _: () = ::touchable::__private::link_starts_at::<Entity, #link>();),
    )
}

/// Derived for one half of a dense entity only, the macro would see half of the declaration.
pub fn both_derived(format: Format) -> TokenStream {
    match format {
        Format::Legacy => TokenStream::new(),
        Format::Dense | Format::Compact => derived(&quote!(ModelEx), &quote!(Model)),
    }
}

/// The columns of which a key with its version consists.
fn read_by_keys(entity: &Entity) -> impl Iterator<Item = &Column> {
    let versions = [Some(&entity.touch_column), entity.version.as_ref()];
    entity.keys.iter().chain(versions.into_iter().flatten())
}

/// `Model`, `ActiveModel` and `ModelEx` as keys of a cache.
pub fn records<'a>(
    format: Format,
    touch: Option<&Column>,
    columns: impl Iterator<Item = &'a Column>,
) -> TokenStream {
    let touch = touch.map(|Column { field, ty, .. }| quote!(.#field: #ty));
    let fields = columns.map(|Column { variant, field, .. }| quote!(#variant: #field));
    let model_ex = match format {
        Format::Legacy => TokenStream::new(),
        Format::Dense | Format::Compact => quote!(, ModelEx { #(#fields),* }),
    };
    quote!(::touchable::__private::records!(Entity: Column, Model #touch, ActiveModel #model_ex);)
}

/// The `Model` of a dense entity: `ModelEx` holds the declaration.
pub fn shadow() -> TokenStream {
    derived(&quote!(Model), &quote!(ModelEx))
}

fn derived(this: &TokenStream, other: &TokenStream) -> TokenStream {
    quote! {
        #[automatically_derived]
        impl ::touchable::__private::Derived for #this {}
        const _: () = ::touchable::__private::derived::<#other>();
    }
}

/// Errors point at the user's own token; lints know that nobody wrote this code.
fn at(token: &Ident) -> Span {
    Span::call_site().located_at(token.span())
}
