//! A template and the state of its files.

use super::{CacheKey, key::KeyWriter};
use crate::error::Result;

/// A template by its name and a digest of its text. In a key it makes an edited template another one: old HTML is never
/// shown, and what was not edited keeps its entries across deployments.
///
/// [`template!`](macro@crate::template) makes one at compile time, of the template's file and all files it includes.
///
/// ```
/// use touchable::cache::{Template, key::Namespace};
///
/// # fn main() -> touchable::Result<()> {
/// const CARD: Template = Template::new("templates/card.html", "6fb8e5a9c2d4130e");
/// assert_eq!(Namespace::new("html")?.key(&(CARD, 5))?, "html:(templates/card.html:'6fb8e5a9c2d4130e):5");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Template {
    name: &'static str,
    digest: &'static str,
}

impl Template {
    /// A template whose digest was taken elsewhere.
    #[must_use]
    pub const fn new(name: &'static str, digest: &'static str) -> Self {
        Self { name, digest }
    }

    /// Its path in the package.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Differs whenever the text of the template or of a file it includes does.
    #[must_use]
    pub const fn digest(&self) -> &'static str {
        self.digest
    }
}

impl CacheKey for Template {
    fn write_to(&self, key: &mut KeyWriter) -> Result<()> {
        [self.name, self.digest].write_to(key)
    }
}
