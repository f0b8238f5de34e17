//! The envelope in which a value is stored.
//!
//! | bytes | hold |
//! |---|---|
//! | 0–7 | checksum: XXH3 over the key and everything that follows |
//! | 8–11 | `tce` and the number of the format |
//! | 12 | what the payload is: bytes, text, a value of some type |
//! | 13 | flags: compressed, with a version |
//! | 14–15 | length of the version |
//! | 16–23 | when it was written, in microseconds since the Unix epoch |
//! | 24–31 | until when it is fresh |
//! | 32–39 | until when it may be served at all |
//! | 40–47 | the shape of the value |
//! | 48–51 | how long the value took to load, in microseconds |
//! | 52–55 | length of the payload before compression |
//! | 56– | version, then payload |
//!
//! Numbers are little-endian. Bytes from a shared store are not trusted: whatever they are, they are an entry of this very
//! key or [`Undecodable`].

mod codec;
mod envelope;
mod guard;
mod header;
mod inspected;
mod payload;
pub mod probe;
mod shape;
mod text;

pub(crate) use codec::{Codec, Raw, Skipped, Typed, Utf8, encode, unreadable};
pub(crate) use envelope::{Entry, Format, Undecodable};
pub(crate) use header::{Kind, Times};
pub(crate) use inspected::Inspected;
pub(crate) use payload::{Content, Payload};
pub use text::Text;
