//! `ETag` and `If-None-Match` (RFC 9110, 8.8.3 and 13.1.2).

use http::{HeaderMap, header};

/// What an `If-None-Match` says of the current page; `None` when there is no such field.
///
/// Tags are compared weakly. A list goes as far as it can be read: what follows a mistake in it matches nothing, and a
/// page sent once too often is no harm.
pub(super) fn if_none_match(headers: &HeaderMap, opaque: &str) -> Option<bool> {
    let mut values = headers.get_all(header::IF_NONE_MATCH).iter().peekable();
    values.peek()?;
    Some(values.any(|value| {
        let value = value.as_bytes().trim_ascii();
        value == b"*" || tags(value).any(|tag| tag == opaque.as_bytes())
    }))
}

/// The opaque parts of a list of entity tags, which may contain commas.
fn tags(mut list: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let start = list
            .iter()
            .position(|byte| !matches!(byte, b',' | b' ' | b'\t'))?;
        let tag = &list[start..];
        let tag = tag.strip_prefix(b"W/").unwrap_or(tag).strip_prefix(b"\"")?;
        let end = tag.iter().position(|byte| *byte == b'"')?;
        let rest = tag[end + 1..].trim_ascii_start();
        if !(rest.is_empty() || rest.starts_with(b",")) {
            list = &[];
            return None;
        }
        list = rest;
        Some(&tag[..end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(fields: &[&str]) -> Option<bool> {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(header::IF_NONE_MATCH, field.parse().unwrap());
        }
        if_none_match(&headers, "abc")
    }

    #[test]
    fn no_field_says_nothing() {
        assert_eq!(matches(&[]), None);
    }

    #[test]
    fn weak_and_strong_tags_match_weakly() {
        for field in [r#""abc""#, r#"W/"abc""#, r#"  W/"abc" "#] {
            assert_eq!(matches(&[field]), Some(true), "{field}");
        }
        for field in [r#""abcd""#, r#""ABC""#, r#"W/"""#] {
            assert_eq!(matches(&[field]), Some(false), "{field}");
        }
    }

    #[test]
    fn any_tag_of_a_list_and_of_several_fields() {
        for fields in [
            &[r#""x", W/"y","abc""#][..],
            &[r#", ,"abc",,"#],
            &[r#""x""#, r#""abc""#],
            &[r#""a,b" , "abc""#],
            &["*"],
            &[" * "],
        ] {
            assert_eq!(matches(fields), Some(true), "{fields:?}");
        }
        assert_eq!(matches(&[r#""x,abc""#, r#""abc,""#]), Some(false));
    }

    #[test]
    fn what_is_no_tag_matches_nothing() {
        for field in [
            "abc",
            r#""abc"#,
            r#"abc""#,
            r#"w/"abc""#,
            r#"W/ "abc""#,
            r#""x" "abc""#,
            r#""abc"x"#,
            r#"x, "abc""#,
            "",
            "**",
            r#"*, "x""#,
        ] {
            assert_eq!(matches(&[field]), Some(false), "{field}");
        }
    }
}
