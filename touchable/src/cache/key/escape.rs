//! Spelling text in printable ASCII, reversibly: percent-encoding, as in URLs.

/// What stays as it is in text. Everything that has a meaning in keys, in Redis (`{}`, glob patterns) or to a collation
/// (spaces at the end, accents) is missing here.
pub(super) static TEXT: Plain = Plain::of(b"-_./,=+;");
/// What stays as it is in the name of a table and in a primary key.
pub(super) static NAME: Plain = Plain::of(b"-_");

/// The bytes that need no escape: letters, digits and some others.
pub(super) struct Plain([bool; 256]);

impl Plain {
    const fn of(others: &[u8]) -> Self {
        let mut plain = [false; 256];
        let mut byte = 0_u8;
        while byte < 128 {
            plain[byte as usize] = byte.is_ascii_alphanumeric();
            byte += 1;
        }
        let mut i = 0;
        while i < others.len() {
            plain[others[i] as usize] = true;
            i += 1;
        }
        Self(plain)
    }

    pub(super) fn push(&self, key: &mut String, text: &str) {
        if text.bytes().all(|byte| self.0[usize::from(byte)]) {
            return key.push_str(text);
        }
        for byte in text.bytes() {
            if self.0[usize::from(byte)] {
                key.push(char::from(byte));
            } else {
                key.push('%');
                push_hex(key, byte);
            }
        }
    }
}

pub(super) fn push_hex(key: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for digit in [byte >> 4, byte & 15] {
        key.push(char::from(DIGITS[usize::from(digit)]));
    }
}
