//! What a renderer may return.

use std::error;

use crate::cache::Text;

/// What a renderer returns: text, or a result of text.
pub trait Rendered: Send {
    /// The text, or why there is none.
    ///
    /// # Errors
    /// The renderer's own.
    fn rendered(self) -> Result<Text, Box<dyn error::Error + Send + Sync>>;
}

impl Rendered for String {
    fn rendered(self) -> Result<Text, Box<dyn error::Error + Send + Sync>> {
        Ok(self.into())
    }
}

impl Rendered for &'static str {
    fn rendered(self) -> Result<Text, Box<dyn error::Error + Send + Sync>> {
        Ok(self.into())
    }
}

impl Rendered for Text {
    fn rendered(self) -> Result<Text, Box<dyn error::Error + Send + Sync>> {
        Ok(self)
    }
}

impl<T, E> Rendered for Result<T, E>
where
    T: Rendered,
    E: Into<Box<dyn error::Error + Send + Sync>> + Send,
{
    fn rendered(self) -> Result<Text, Box<dyn error::Error + Send + Sync>> {
        self.map_err(Into::into)?.rendered()
    }
}
