//! After a mistake: the mistake, and a stub. Without the stub every use of the entity would be an error too.

use proc_macro2::TokenStream;
use quote::quote;

use crate::{ast::Declaration, expand, hooks};

/// The rest of the program sees an entity without rules.
pub fn stub(declaration: &Declaration) -> TokenStream {
    let hooks = hooks::hooks(&declaration.vis, declaration.options.manual);
    let both = expand::both_derived(declaration.format);
    let touchable = declaration.columns.first().map(|column| {
        let records = expand::records(declaration.format, None, [column].into_iter());
        let column = &column.variant;
        let touchable = touchable(&quote!(Column::#column));
        quote!(#touchable #records)
    });
    quote! { #touchable #hooks #both }
}

fn touchable(column: &TokenStream) -> TokenStream {
    quote! {
        #[automatically_derived]
        impl ::touchable::Touchable for Entity {
            const RULES: &'static [::touchable::__private::Rule<Self>] = &[];
            const TOUCH_COLUMN: Column = #column;
            const CREATED_COLUMN: ::core::option::Option<Column> = ::core::option::Option::None;
            const VERSION_COLUMN: ::core::option::Option<Column> = ::core::option::Option::None;
            const DELETED_COLUMN: ::core::option::Option<Column> = ::core::option::Option::None;
            const DIRTY: ::touchable::__private::Dirty = ::touchable::__private::Dirty::Compared;

            fn schema() -> &'static ::touchable::__private::Schema {
                ::core::unreachable!()
            }
            fn stamp_value(_: ::touchable::__private::Stamp) -> ::touchable::__private::sea_orm::Value {
                ::core::unreachable!()
            }
            fn value_stamp(
                _: &::touchable::__private::sea_orm::Value,
            ) -> ::core::option::Option<::touchable::__private::Stamp> {
                ::core::unreachable!()
            }
            fn created_value(
                _: ::touchable::__private::Stamp,
            ) -> ::core::option::Option<::touchable::__private::sea_orm::Value> {
                ::core::unreachable!()
            }
            fn first_version() -> ::core::option::Option<::touchable::__private::sea_orm::Value> {
                ::core::unreachable!()
            }
        }
    }
}
