//! `"template", "further file", ..`

use syn::{
    Error, LitStr, Result, Token,
    parse::{Parse, ParseStream},
};

/// What stands in the parentheses.
pub struct Args {
    /// The template, then further files.
    pub paths: Vec<LitStr>,
    /// Whether includes that are named while rendering are allowed: the further files are what they can be.
    pub is_open: bool,
}

impl Parse for Args {
    fn parse(input: ParseStream) -> Result<Self> {
        let mut args = Self {
            paths: Vec::new(),
            is_open: false,
        };
        while !input.is_empty() {
            if input.peek(Token![..]) && !args.paths.is_empty() {
                input.parse::<Token![..]>()?;
                args.is_open = true;
            } else {
                args.paths.push(path(input)?);
            }
            if !input.is_empty() {
                let comma: Token![,] = input.parse()?;
                if args.is_open && !input.is_empty() {
                    return Err(Error::new_spanned(comma, "`..` stands at the end"));
                }
            }
        }
        if args.paths.is_empty() {
            return Err(input.error("name a template: `template!(\"templates/card.html\")`"));
        }
        Ok(args)
    }
}

fn path(input: ParseStream) -> Result<LitStr> {
    input
        .parse()
        .map_err(|error| Error::new(error.span(), "expected the path of a file in quotes"))
}
