//! Every mistake of a declaration, reported in one run.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;

/// The mistakes found so far. Stages go on after one, so that nobody compiles once per mistake.
#[derive(Debug, Default)]
pub struct Errors(Option<syn::Error>);

impl Errors {
    /// Notes a mistake, on the tokens that made it.
    pub fn at(&mut self, tokens: impl ToTokens, message: impl Display) {
        let error = syn::Error::new_spanned(tokens, message);
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// How many there are: a stage that finds more than before left something out.
    pub fn count(&self) -> usize {
        self.0.iter().flatten().count()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub fn to_compile_errors(&self) -> TokenStream {
        self.0
            .as_ref()
            .map(syn::Error::to_compile_error)
            .unwrap_or_default()
    }
}

/// `: did you mean ..?`, or the list to choose from.
pub fn did_you_mean(wrong: &str, right: &[String]) -> String {
    match closest(wrong, right) {
        Some(near) => format!(": did you mean `{near}`?"),
        None if right.is_empty() => String::from(": there are none"),
        None => format!(": expected {}", one_of(right)),
    }
}

/// `a`, `b` or `c`, each in backticks.
pub fn one_of<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// The candidate that a slip of the finger explains (one edit for every three letters), or whose beginning this is.
fn closest<'a>(wrong: &str, right: &'a [String]) -> Option<&'a String> {
    let wrong = wrong.to_lowercase();
    right
        .iter()
        .map(|name| (strsim::damerau_levenshtein(&wrong, &name.to_lowercase()), name))
        .filter(|(distance, name)| {
            *distance <= name.len().max(wrong.len()) / 3 || wrong.len() > 2 && name.starts_with(&wrong)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
