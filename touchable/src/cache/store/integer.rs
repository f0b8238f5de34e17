//! Integers as entries: decimal ASCII, the same in every store.

use std::{error, fmt};

/// Why an entry cannot be incremented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    NotAnInteger,
    Overflow,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAnInteger => "the entry is not an integer",
            Self::Overflow => "the sum does not fit 64 bits",
        })
    }
}

impl error::Error for Problem {}

/// The integer that these bytes spell in the one way in which it is written: `+5`, `05` and `-0` are text, as for Redis.
pub(super) fn parse(value: &[u8]) -> Option<i64> {
    let (sign, digits) = match value {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let canonical = match digits {
        [b'0'] => !sign,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if !canonical {
        return None;
    }
    str::from_utf8(value).ok()?.parse().ok()
}

/// The sum of an entry and a number.
pub(super) fn add(value: &[u8], by: i64) -> Result<i64, Problem> {
    let number = parse(value).ok_or(Problem::NotAnInteger)?;
    number.checked_add(by).ok_or(Problem::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_is_spelled_in_one_way() {
        for number in [0, 7, -7, 10, i64::MAX, i64::MIN] {
            assert_eq!(parse(number.to_string().as_bytes()), Some(number));
        }
        for text in [
            "",
            "-",
            "+5",
            "05",
            "-0",
            " 5",
            "5 ",
            "5.0",
            "0x5",
            "9223372036854775808",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(parse(b"\xff1"), None);
    }
}
