//! A value as it is stored.

use bytes::Bytes;

use super::{Kind, Text, Undecodable};

/// What an envelope holds.
#[derive(Clone, Debug)]
pub(crate) struct Payload {
    pub(crate) kind: Kind,
    pub(crate) shape: u64,
    pub(crate) content: Content,
    /// Small when encoded, but over the limit in memory: it could be written and never read.
    pub(crate) is_too_large: bool,
}

impl Payload {
    /// The same with text that is known to be text, so that it need not be looked through again.
    pub(super) fn proven(self) -> Result<Self, Undecodable> {
        let content = match self.kind {
            Kind::Text => Content::Text(self.content.into_text()?),
            Kind::Raw | Kind::Typed => self.content,
        };
        Ok(Self { content, ..self })
    }
}

/// Bytes, or what is known to be text.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Bytes(Bytes),
    Text(Text),
}

impl Content {
    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Text(text) => text.as_str().as_bytes(),
        }
    }

    pub(super) fn into_bytes(self) -> Bytes {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Text(text) => text.into_bytes(),
        }
    }

    pub(super) fn into_text(self) -> Result<Text, Undecodable> {
        match self {
            Self::Bytes(bytes) => bytes.try_into().map_err(|_| Undecodable::Damaged),
            Self::Text(text) => Ok(text),
        }
    }
}
