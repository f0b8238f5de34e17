//! `template!`: the digest of a template and of everything it includes.

mod args;
mod files;
mod include;
mod scan;
#[cfg(test)]
mod tests;

use std::{env, path::PathBuf};

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Error, Result};

use args::Args;
use files::Files;

/// What the macro becomes: a `Template`, and a look at every file, so that an edit compiles anew.
pub fn expand(input: TokenStream) -> TokenStream {
    syn::parse2(input)
        .and_then(|args| template(&args))
        .unwrap_or_else(|error| error.to_compile_error())
}

fn template(args: &Args) -> Result<TokenStream> {
    let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let package = package.ok_or_else(|| {
        Error::new(
            Span::call_site(),
            "`CARGO_MANIFEST_DIR` is not set: compile with cargo",
        )
    })?;
    let mut files = Files::new(&package, args.is_open);
    for path in &args.paths {
        files
            .add(&path.value())
            .map_err(|problem| Error::new(path.span(), problem))?;
    }
    let name = files.name();
    let digest = files.digest();
    let looked_at = files.absolute();
    Ok(quote! {{
        const _: &[&[u8]] = &[#(::core::include_bytes!(#looked_at)),*];
        ::touchable::cache::Template::new(#name, #digest)
    }})
}
