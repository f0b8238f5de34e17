//! The tags of a template, whatever language it is written in.

/// A tag that may name another file, without its delimiters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag<'a> {
    /// `{% .. %}` of Jinja and its kin: askama, minijinja, Tera.
    Statement(&'a str),
    /// `{{ .. }}`; Handlebars names partials there.
    Expression(&'a str),
}

/// All tags, without those in comments and in raw text. A delimiter that is never closed is text.
pub fn tags(text: &str) -> Vec<Tag<'_>> {
    let mut tags = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        rest = &rest[start..];
        let found = comment(rest)
            .map(|after| (None, after))
            .or_else(|| tag(rest, "{%", "%}").map(|(inner, after)| (Some(Tag::Statement(inner)), after)))
            .or_else(|| tag(rest, "{{", "}}").map(|(inner, after)| (Some(Tag::Expression(inner)), after)));
        let Some((tag, after)) = found else {
            rest = &rest[1..];
            continue;
        };
        rest = match tag {
            Some(Tag::Statement(inner)) if word(inner) == "raw" => after_end_of_raw(after).unwrap_or(after),
            _ => after,
        };
        tags.extend(tag);
    }
    tags
}

/// What follows a comment that stands here. `{{!` may end at the first braces, or have dashes.
fn comment(text: &str) -> Option<&str> {
    let forms = [("{#", "#}"), ("{{!--", "--}}"), ("{{~!--", "--}}"), ("{{!", "}}")];
    forms
        .iter()
        .find_map(|(open, close)| between(text, open, close))
        .map(|(_, after)| after)
}

/// A tag: its delimiters do not stand within it.
fn tag<'a>(text: &'a str, open: &str, close: &str) -> Option<(&'a str, &'a str)> {
    between(text, open, close).filter(|(inner, _)| !inner.contains(open))
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<(&'a str, &'a str)> {
    text.strip_prefix(open)?.split_once(close)
}

fn after_end_of_raw(text: &str) -> Option<&str> {
    let mut rest = text;
    loop {
        let (inner, after) = rest.split_once("{%")?.1.split_once("%}")?;
        if word(inner) == "endraw" {
            return Some(after);
        }
        rest = after;
    }
}

/// Without the signs that control white space.
pub fn trim(inner: &str) -> &str {
    inner.trim_matches(['-', '+', '~']).trim()
}

/// The first word of a tag.
pub fn word(inner: &str) -> &str {
    let inner = trim(inner);
    let end = inner
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(inner.len());
    &inner[..end]
}
