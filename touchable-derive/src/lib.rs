//! The derive macro of `touchable`.

mod association;
mod ast;
mod attr;
mod errors;
mod expand;
mod fallback;
mod sea_orm;
mod valid;

use syn::{DeriveInput, parse_macro_input};

/// See the crate `touchable`.
#[proc_macro_derive(Touchable, attributes(touch, touchable))]
pub fn derive_touchable(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derive(&parse_macro_input!(input as DeriveInput)).into()
}

fn derive(input: &DeriveInput) -> proc_macro2::TokenStream {
    let mut errors = errors::Errors::default();
    let generated = match ast::read(input, &mut errors) {
        None => quote::quote!(),
        Some(ast::Input::Shadow) => expand::shadow(),
        Some(ast::Input::Declaration(declaration)) => match valid::check(&declaration, &mut errors) {
            Some(entity) if errors.is_empty() => expand::entity(&entity),
            _ => fallback::stub(&declaration),
        },
    };
    let errors = errors.to_compile_errors();
    quote::quote!(#errors #generated)
}
