//! Which files a tag names.

use super::scan::{Tag, tags, trim, word};

/// A way from one file to others.
#[derive(Debug, PartialEq, Eq)]
pub enum Include {
    /// Any of these names; without one of them it renders nothing, or an error.
    Named {
        tag: String,
        names: Vec<String>,
        /// What happens without it is in the template: `ignore missing`, a block with something to fall back to.
        may_miss: bool,
    },
    /// A name that is known only while rendering.
    Dynamic { tag: String },
}

/// All includes of a text.
pub fn includes(text: &str) -> Vec<Include> {
    let tags = tags(text);
    let inline: Vec<&str> = tags.iter().filter_map(inline).collect();
    tags.iter()
        .filter_map(|tag| match tag {
            Tag::Statement(inner) => statement(inner),
            Tag::Expression(inner) => partial(inner, &inline),
        })
        .collect()
}

/// `include "a"`, `extends "a"`, `import "a" as b`, `from "a" import b`, `include ["a", "b"] ignore missing`.
fn statement(inner: &str) -> Option<Include> {
    let keyword = word(inner);
    if !matches!(keyword, "include" | "extends" | "import" | "from") {
        return None;
    }
    let tag = format!("{{% {} %}}", trim(inner));
    let operand = trim(inner)[keyword.len()..].trim();
    let named = match operand.strip_prefix(['[', '(']) {
        Some(list) => literals(list),
        None => literal(operand).map(|(name, rest)| (vec![name.to_owned()], rest)),
    };
    let named = named.filter(|(names, rest)| !names.is_empty() && is_end(rest));
    Some(match named {
        Some((names, rest)) => Include::Named {
            tag,
            names,
            may_miss: rest.contains("ignore missing"),
        },
        None => Include::Dynamic { tag },
    })
}

/// What may follow the name of a file: anything else is an expression that goes on.
fn is_end(rest: &str) -> bool {
    rest.is_empty()
        || matches!(
            word(rest),
            "ignore" | "with" | "without" | "as" | "import" | "only"
        )
}

fn literal(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (name, rest) = text[1..].split_once(quote)?;
    (!name.contains('\\')).then_some((name, rest.trim()))
}

/// `"a", "b"]`
fn literals(mut text: &str) -> Option<(Vec<String>, &str)> {
    let mut names = Vec::new();
    loop {
        text = text.trim();
        if let Some(rest) = text.strip_prefix([']', ')']) {
            return Some((names, rest.trim()));
        }
        let (name, rest) = literal(text)?;
        names.push(name.to_owned());
        text = rest.strip_prefix(',').unwrap_or(rest);
    }
}

/// `> name`, `> "name" this`, `#> name`, `> (lookup . "x")`.
fn partial(inner: &str, inline: &[&str]) -> Option<Include> {
    let inner = inner.trim_matches('~').trim();
    let (is_block, operand) = match inner.strip_prefix("#>") {
        Some(operand) => (true, operand.trim()),
        None => (false, inner.strip_prefix('>')?.trim()),
    };
    let tag = format!("{{{{{inner}}}}}");
    if operand.starts_with('(') {
        return Some(Include::Dynamic { tag });
    }
    let end = operand.find(char::is_whitespace).unwrap_or(operand.len());
    let name = literal(operand).map_or(&operand[..end], |(name, _)| name);
    if name.starts_with('@') || inline.contains(&name) {
        return None;
    }
    Some(Include::Named {
        tag,
        names: vec![name.to_owned()],
        may_miss: is_block,
    })
}

/// `#*inline "name"`: a partial that stands in the file itself.
fn inline<'a>(tag: &Tag<'a>) -> Option<&'a str> {
    let Tag::Expression(inner) = tag else { return None };
    let operand = inner.trim_matches('~').trim().strip_prefix("#*inline")?;
    literal(operand.trim()).map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::{Include, includes};

    fn names(text: &str) -> Vec<String> {
        includes(text)
            .into_iter()
            .map(|include| match include {
                Include::Named { names, may_miss, .. } => {
                    format!("{}{}", names.join("|"), if may_miss { "?" } else { "" })
                }
                Include::Dynamic { tag } => format!("dynamic {tag}"),
            })
            .collect()
    }

    #[test]
    fn every_statement_that_names_a_file() {
        let text = r#"
            {% extends "base.html" %}{%- include 'a.html' -%}{%+ include "b.html" without context +%}
            {% import "macros.html" as m %}{% from "forms.html" import field, label %}
            {% include ["x.html", 'y.html'] ignore missing %}{% include "z.html" ignore missing with context %}
            {%~ include"tight.html"~%}"#;
        let expected = [
            "base.html",
            "a.html",
            "b.html",
            "macros.html",
            "forms.html",
            "x.html|y.html?",
            "z.html?",
            "tight.html",
        ];
        assert_eq!(names(text), expected);
    }

    #[test]
    fn every_partial() {
        let text = r#"{{> header}}{{~> "a/b" this ~}}{{>card task=this}}{{#> layout}}x{{/layout}}{{> (lookup . "x")}}
            {{> @partial-block}}{{#*inline "row"}}r{{/inline}}{{> row}}{{#each tasks}}{{> item}}{{/each}}"#;
        let expected = [
            "header",
            "a/b",
            "card",
            "layout?",
            r#"dynamic {{> (lookup . "x")}}"#,
            "item",
        ];
        assert_eq!(names(text), expected);
    }

    #[test]
    fn names_that_only_rendering_knows() {
        for tag in [
            "{% include name %}",
            r#"{% include "a" ~ name %}"#,
            r#"{% include "a" if b else "c" %}"#,
            r#"{% include ["a", name] %}"#,
            "{% extends layout %}",
            r#"{% include "a\"b" %}"#,
        ] {
            assert_eq!(names(tag), [format!("dynamic {tag}")]);
        }
    }

    #[test]
    fn comments_and_raw_text_name_nothing() {
        let text = r#"{# {% include "a" %} #}{% raw %}{% include "b" %}{{> c}}{% endraw %}{% include "d" %}
            {{!-- {{> e}} --}}{{! {% include "f" %} }}{{ name }}{% if includes %}{% endif %}"#;
        assert_eq!(names(text), ["d"]);
    }

    #[test]
    fn what_is_never_closed_is_text() {
        assert_eq!(names(r#"{# a {{ b {% c {% include "d" %}"#), ["d"]);
        assert_eq!(names("{"), Vec::<String>::new());
        assert_eq!(names(r#"class A {#x = {}}{% include "ä" %}"#), ["ä"]);
    }
}
