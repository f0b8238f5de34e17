//! Spelling a key, so that no two inputs meet in one.
//!
//! ```text
//! body     = part *( ":" part )         a sequence of two parts or more
//!          / part
//! part     = text / number / flag / option / sequence / record / version
//! text     = 1*plain                    beginning neither with a digit nor with "-"
//!          / "'" *plain                 any other, the empty one too
//! number   = [ "-" ] 1*DIGIT
//! flag     = "!true" / "!false"
//! option   = "~" [ part ]
//! sequence = "(" [ part *( ":" part ) ] ")"
//! record   = table "/" value *( "," value ) [ "@" version ]
//! version  = "@" 1*plain
//! plain    = "%" 2HEXDIG / any character of `escape::TEXT`
//! ```
//!
//! The first character tells what a part is, except that a record is told from text by its "@", which text escapes.

use super::{
    CacheKey, Version,
    escape::{NAME, TEXT},
};
use crate::error::Result;

/// A key in the making.
#[derive(Debug)]
pub struct KeyWriter {
    pub(super) text: String,
    depth: usize,
    /// Nothing stands before the next part that would have to be separated from it.
    first: bool,
    /// Nothing but blank text, nones and empty sequences so far.
    pub(super) blank: bool,
}

impl KeyWriter {
    pub(super) const fn after(prefix: String) -> Self {
        Self {
            text: prefix,
            depth: 0,
            first: true,
            blank: true,
        }
    }

    /// A key without a namespace, as long as it is.
    pub(crate) fn spell(write: impl FnOnce(&mut Self) -> Result<()>) -> Result<String> {
        let mut key = Self::after(String::new());
        write(&mut key)?;
        Ok(key.text)
    }

    #[inline]
    fn begin(&mut self) {
        if !self.first {
            self.text.push(':');
        }
        self.first = false;
    }

    pub(super) fn text(&mut self, text: &str) {
        self.begin();
        self.quote(text.bytes().next());
        self.more(text);
    }

    /// Begins text whose end is not known yet.
    #[inline]
    pub(super) fn quote(&mut self, first: Option<u8>) {
        if first.is_none_or(|byte| byte.is_ascii_digit() || byte == b'-') {
            self.text.push('\'');
        }
    }

    pub(super) fn more(&mut self, text: &str) {
        self.blank = self.blank && text.trim().is_empty();
        TEXT.push(&mut self.text, text);
    }

    /// Text that is written bit by bit, such as a `Display`.
    pub(super) fn pieces(&mut self) -> Pieces<'_> {
        self.begin();
        Pieces {
            key: self,
            is_empty: true,
        }
    }

    pub(super) fn number(&mut self, number: impl itoa::Integer) {
        self.begin();
        self.blank = false;
        self.digits(number);
    }

    #[inline]
    pub(super) fn digits(&mut self, number: impl itoa::Integer) {
        self.text.push_str(itoa::Buffer::new().format(number));
    }

    pub(super) fn flag(&mut self, flag: bool) {
        self.begin();
        self.blank = false;
        self.text.push_str(if flag { "!true" } else { "!false" });
    }

    pub(super) fn option<T>(
        &mut self,
        option: Option<&T>,
        write: impl FnOnce(&T, &mut Self) -> Result<()>,
    ) -> Result<()> {
        self.begin();
        self.text.push('~');
        let Some(inner) = option else { return Ok(()) };
        self.depth += 1;
        self.first = true;
        write(inner, self)?;
        self.first = false;
        self.depth -= 1;
        Ok(())
    }

    /// Writes a sequence as one part.
    ///
    /// # Errors
    /// When one of them cannot be written.
    pub fn parts<K: CacheKey>(&mut self, parts: impl ExactSizeIterator<Item = K>) -> Result<()> {
        self.sequence(parts, |part, key| part.write_to(key))
    }

    pub(super) fn sequence<T>(
        &mut self,
        mut parts: impl ExactSizeIterator<Item = T>,
        mut write: impl FnMut(T, &mut Self) -> Result<()>,
    ) -> Result<()> {
        self.enclosed(parts.len(), |key| parts.try_for_each(|part| write(part, key)))
    }

    /// A sequence of so many parts, which `write` writes.
    #[inline]
    pub(super) fn enclosed(
        &mut self,
        parts: usize,
        write: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        self.begin();
        let open = self.depth > 0 || parts < 2;
        if open {
            self.text.push('(');
        }
        self.depth += 1;
        self.first = true;
        write(self)?;
        self.first = false;
        self.depth -= 1;
        if open {
            self.text.push(')');
        }
        Ok(())
    }

    /// Begins a record, with the [head](head_of) of its table.
    #[inline]
    pub(super) fn head(&mut self, head: &str) {
        self.begin();
        self.blank = false;
        self.text.push_str(head);
    }

    #[inline]
    pub(super) fn raw(&mut self, mark: char) {
        self.text.push(mark);
    }

    #[inline]
    pub(super) fn name(&mut self, text: &str) {
        NAME.push(&mut self.text, text);
    }

    pub(super) fn hex(&mut self, bytes: &[u8]) {
        for byte in bytes {
            super::escape::push_hex(&mut self.text, *byte);
        }
    }

    /// The version of the record that stands before it.
    #[inline]
    pub(super) fn version(&mut self, version: Version) {
        self.text.push('@');
        version.push_to(&mut self.text);
    }

    /// A version as a part of its own.
    pub(super) fn lone_version(&mut self, version: Version) {
        self.begin();
        self.blank = false;
        self.version(version);
    }
}

/// How the keys of a table's records begin: `schema.table/`.
pub(super) fn head_of(schema: Option<&str>, table: &str) -> String {
    let mut head = String::new();
    if let Some(schema) = schema {
        NAME.push(&mut head, schema);
        head.push('.');
    }
    NAME.push(&mut head, table);
    head.push('/');
    head
}

/// See [`KeyWriter::pieces`].
pub(super) struct Pieces<'a> {
    key: &'a mut KeyWriter,
    is_empty: bool,
}

impl Pieces<'_> {
    pub(super) fn end(self) {
        if self.is_empty {
            self.key.quote(None);
        }
    }
}

impl std::fmt::Write for Pieces<'_> {
    fn write_str(&mut self, piece: &str) -> std::fmt::Result {
        if let (true, Some(first)) = (self.is_empty, piece.bytes().next()) {
            self.key.quote(Some(first));
            self.is_empty = false;
        }
        self.key.more(piece);
        Ok(())
    }
}
