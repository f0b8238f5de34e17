//! What was typed into a form, and what is wrong with it. Whatever is wrong, nothing that was typed is lost.

use askama::{Template, filters::HtmlSafe};

/// The longest name, title and the like, in characters; the columns hold 255.
const LONGEST_LINE: usize = 100;
/// The longest note, in characters.
const LONGEST_TEXT: usize = 2_000;

/// One field of a form, with its label, its text, and what is wrong with it.
#[derive(Clone, Debug, Template)]
#[template(path = "field.html")]
pub struct Field {
    pub name: &'static str,
    pub label: &'static str,
    pub hint: &'static str,
    pub kind: Kind,
    pub typed: String,
    pub problem: Option<String>,
}

impl HtmlSafe for Field {}

/// What a field takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One line that is not blank.
    Line,
    /// Any number of lines, or none.
    Text,
    /// A box to tick; it has been typed into when it is ticked.
    Tick,
    /// One of these values, each with its label.
    Choice(Vec<(String, String)>),
}

impl Field {
    pub fn new(kind: Kind, name: &'static str, label: &'static str, hint: &'static str) -> Self {
        Self {
            name,
            label,
            hint,
            kind,
            typed: String::new(),
            problem: None,
        }
    }

    /// With this in it.
    pub fn with(mut self, typed: String) -> Self {
        self.typed = typed;
        self
    }

    /// With this in it, and what is wrong with that.
    pub fn check(self, typed: String) -> Self {
        let mut field = self.with(typed);
        field.problem = field.look();
        field
    }

    /// What goes into the database: a line without the spaces around it.
    pub fn value(&self) -> String {
        match self.kind {
            Kind::Line => self.typed.trim().to_owned(),
            _ => self.typed.clone(),
        }
    }

    pub fn ticked(&self) -> bool {
        !self.typed.is_empty()
    }

    fn look(&self) -> Option<String> {
        let value = self.value();
        let length = value.chars().count();
        match &self.kind {
            Kind::Line if value.is_empty() => {
                Some("Nothing was typed here; type at least one letter.".to_owned())
            }
            Kind::Line if length > LONGEST_LINE => Some(too_long(length, LONGEST_LINE)),
            Kind::Line if value.chars().any(char::is_control) => Some(unprintable()),
            Kind::Text if length > LONGEST_TEXT => Some(too_long(length, LONGEST_TEXT)),
            Kind::Text if value.contains('\0') => Some(unprintable()),
            Kind::Choice(choices) if !choices.iter().any(|(choice, _)| *choice == value) => {
                Some("That is not there any more; choose another.".to_owned())
            }
            _ => None,
        }
    }
}

fn too_long(length: usize, longest: usize) -> String {
    format!("That is {length} characters long; {longest} are the most.")
}

fn unprintable() -> String {
    "There is a character in it that cannot be printed; take it out.".to_owned()
}

/// A form of several fields.
#[derive(Clone, Debug, Template)]
#[template(path = "form.html")]
pub struct Form {
    pub action: String,
    pub button: &'static str,
    pub fields: Vec<Field>,
}

impl HtmlSafe for Form {}

impl Form {
    /// Whether something is wrong with what was typed.
    pub fn is_bad(&self) -> bool {
        self.fields.iter().any(|field| field.problem.is_some())
    }

    /// What goes into the database for one of the fields.
    pub fn value(&self, name: &str) -> String {
        let field = self.fields.iter().find(|field| field.name == name);
        field.map(Field::value).unwrap_or_default()
    }

    pub fn problems(&self) -> usize {
        self.fields.iter().filter(|field| field.problem.is_some()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(kind: Kind, typed: &str) -> Option<String> {
        Field::new(kind, "x", "X", "").check(typed.to_owned()).problem
    }

    #[test]
    fn lines_are_neither_blank_nor_endless() {
        assert_eq!(problem(Kind::Line, "Fair"), None);
        assert!(problem(Kind::Line, " \t ").is_some());
        assert!(problem(Kind::Line, "a\0b").is_some());
        assert_eq!(problem(Kind::Line, &"ä".repeat(100)), None);
        assert_eq!(
            problem(Kind::Line, &"ä".repeat(101)).as_deref(),
            Some("That is 101 characters long; 100 are the most.")
        );
    }

    #[test]
    fn what_was_typed_stays() {
        let field = Field::new(Kind::Line, "x", "X", "").check("  ".to_owned());
        assert_eq!((field.typed.as_str(), field.value().as_str()), ("  ", ""));
    }
}
