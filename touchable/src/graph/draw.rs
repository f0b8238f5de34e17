//! The graph as a drawing.

use super::{GraphRule, TouchGraph};

impl TouchGraph {
    /// A flowchart in the language of Mermaid, which GitHub and rustdoc's add-ons draw.
    ///
    /// An arrow leads from the table that changes to the one that is touched and bears the rule's fields. A dotted
    /// arrow is a rule that touches follow too.
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        let mut lines = vec!["flowchart LR".to_owned()];
        lines.extend(
            self.tables()
                .enumerate()
                .map(|(i, table)| format!("    t{i}[\"{}\"]", in_mermaid(table))),
        );
        lines.extend(self.arrows().map(|(from, rule, to)| {
            let arrow = if rule.cascades() { "-.->" } else { "-->" };
            format!("    t{from} {arrow}|\"{}\"| t{to}", in_mermaid(&label(&rule)))
        }));
        lines.join("\n") + "\n"
    }

    /// A directed graph in the DOT language of Graphviz: `dot -Tsvg`.
    ///
    /// The arrows are those of [`to_mermaid`](Self::to_mermaid), dashed where it has dotted ones.
    #[must_use]
    pub fn to_dot(&self) -> String {
        let mut lines = vec![
            "digraph touches {".to_owned(),
            "    rankdir=LR;".to_owned(),
            "    node [shape=box];".to_owned(),
        ];
        lines.extend(
            self.tables()
                .enumerate()
                .map(|(i, table)| format!("    t{i} [label=\"{}\"];", in_dot(table))),
        );
        lines.extend(self.arrows().map(|(from, rule, to)| {
            let style = if rule.cascades() { ", style=dashed" } else { "" };
            format!(
                "    t{from} -> t{to} [label=\"{}\"{style}];",
                in_dot(&label(&rule))
            )
        }));
        lines.push("}".to_owned());
        lines.join("\n") + "\n"
    }

    fn arrows(&self) -> impl Iterator<Item = (usize, GraphRule, usize)> {
        self.rules().filter_map(|rule| {
            Some((
                self.place(rule.source_schema())?,
                rule,
                self.place(rule.target_schema())?,
            ))
        })
    }
}

/// The fields, and where the rule bumps columns of its own, these.
fn label(rule: &GraphRule) -> String {
    if rule.columns().is_empty() {
        rule.watched()
    } else {
        format!("{} → {}", rule.watched(), rule.columns().join(", "))
    }
}

/// Inside quotes Mermaid takes everything but the quote, and reads `#..;` as a character's name and `<..>` as HTML.
fn in_mermaid(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '#' => "#35;".to_owned(),
            '"' => "#quot;".to_owned(),
            '<' => "#lt;".to_owned(),
            '>' => "#gt;".to_owned(),
            '&' => "#amp;".to_owned(),
            c if c.is_control() => " ".to_owned(),
            c => c.to_string(),
        })
        .collect()
}

/// Inside quotes DOT ends at a quote and reads a backslash as an escape.
fn in_dot(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::{in_dot, in_mermaid};

    #[test]
    fn names_cannot_break_out_of_their_quotes() {
        assert_eq!(
            in_mermaid(r#"a"]; x --> y #1;<b>"#),
            "a#quot;]; x --#gt; y #35;1;#lt;b#gt;"
        );
        assert_eq!(in_dot(r#"a\"]; x"#), r#"a\\\"]; x"#);
    }
}
