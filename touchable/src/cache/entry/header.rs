//! The head of an entry: of one size, read in place.

/// `tce`, and the number of the format.
const MAGIC: [u8; 4] = *b"tce\x01";
/// With the checksum before it.
pub(super) const HEADER_BYTES: usize = 56;

pub(super) const FLAG_COMPRESSED: u8 = 1;
pub(super) const FLAG_VERSIONED: u8 = 2;

/// What a payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Raw,
    Text,
    Typed,
}

/// The moments of an entry, in microseconds since the Unix epoch, and how long its value took to load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) created: i64,
    pub(crate) fresh_until: i64,
    pub(crate) kept_until: i64,
    pub(crate) load_micros: u32,
}

impl Times {
    /// Of an entry that lives for ever.
    pub(crate) const NEVER: i64 = i64::MAX;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) flags: u8,
    pub(super) version_len: u16,
    pub(super) times: Times,
    pub(super) shape: u64,
    pub(super) raw_len: u32,
}

impl Header {
    pub(super) const fn is_compressed(&self) -> bool {
        self.flags & FLAG_COMPRESSED != 0
    }

    pub(super) const fn is_versioned(&self) -> bool {
        self.flags & FLAG_VERSIONED != 0
    }

    pub(super) fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&MAGIC);
        to.push(match self.kind {
            Kind::Raw => 0,
            Kind::Text => 1,
            Kind::Typed => 2,
        });
        to.push(self.flags);
        to.extend_from_slice(&self.version_len.to_le_bytes());
        to.extend_from_slice(&self.times.created.to_le_bytes());
        to.extend_from_slice(&self.times.fresh_until.to_le_bytes());
        to.extend_from_slice(&self.times.kept_until.to_le_bytes());
        to.extend_from_slice(&self.shape.to_le_bytes());
        to.extend_from_slice(&self.times.load_micros.to_le_bytes());
        to.extend_from_slice(&self.raw_len.to_le_bytes());
    }

    /// The header in what follows the checksum; nothing when it is none.
    pub(super) fn read(mut from: &[u8]) -> Option<Self> {
        if take::<4>(&mut from)? != MAGIC {
            return None;
        }
        let kind = match take(&mut from)? {
            [0] => Kind::Raw,
            [1] => Kind::Text,
            [2] => Kind::Typed,
            _ => return None,
        };
        let [flags] = take(&mut from)?;
        if flags & !(FLAG_COMPRESSED | FLAG_VERSIONED) != 0 {
            return None;
        }
        let version_len = u16::from_le_bytes(take(&mut from)?);
        let created = i64::from_le_bytes(take(&mut from)?);
        let fresh_until = i64::from_le_bytes(take(&mut from)?);
        let kept_until = i64::from_le_bytes(take(&mut from)?);
        let shape = u64::from_le_bytes(take(&mut from)?);
        let load_micros = u32::from_le_bytes(take(&mut from)?);
        let raw_len = u32::from_le_bytes(take(&mut from)?);
        Some(Self {
            kind,
            flags,
            version_len,
            times: Times {
                created,
                fresh_until,
                kept_until,
                load_micros,
            },
            shape,
            raw_len,
        })
    }
}

fn take<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(*head)
}
