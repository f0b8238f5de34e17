//! What a page view found in the cache, written into the finished page.
//!
//! Whether a fragment was found is different at each view, so it cannot be part of what is cached. A fragment has an
//! empty place in front of it, cached with what is around it; [`fill`] writes into these places last.

use std::fmt::{self, Write};

use askama::filters::HtmlSafe;
use touchable::cache::Text;

const OPEN: &str = "<!--badge ";
const CLOSE: &str = "-->";

/// How this page view came by a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It was in the cache.
    Hit,
    /// It was rendered for this view.
    Miss,
    /// It was not asked for: it came inside a fragment that was in the cache.
    Inside,
}

impl State {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Inside => "inside",
        }
    }
}

/// One fragment that a page view asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// `tasks/5 task_card`.
    pub name: String,
    pub state: State,
}

/// Each fragment once, in the order of the page; it counts as rendered if it ever was in this view.
pub fn once_each(asked: Vec<Seen>, page: &str) -> Vec<Seen> {
    let mut once: Vec<Seen> = Vec::new();
    for seen in asked {
        match once.iter_mut().find(|known| known.name == seen.name) {
            Some(known) if seen.state == State::Miss => known.state = State::Miss,
            Some(_) => {}
            None => once.push(seen),
        }
    }
    once.sort_by_cached_key(|seen| page.find(&place(&seen.name)));
    once
}

/// Where a fragment's badge comes.
fn place(name: &str) -> String {
    format!("{OPEN}{name}{CLOSE}")
}

/// A piece of a page, with a place for its badge.
#[derive(Clone, Debug)]
pub struct Fragment {
    /// `tasks/5 task_card`: two words of the program's own, nothing that a user has typed.
    pub name: String,
    pub html: Text,
}

impl fmt::Display for Fragment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, html } = self;
        write!(
            f,
            "<div class=\"fragment\" data-fragment=\"{name}\">{}{html}</div>",
            place(name)
        )
    }
}

/// The text comes out of templates, which have escaped it.
impl HtmlSafe for Fragment {}

/// Writes a badge into every place of a finished page. Text that users have typed is escaped and opens no place.
pub fn fill(page: &str, seen: &[Seen]) -> String {
    let mut filled = String::with_capacity(page.len() + page.len() / 8);
    let mut rest = page;
    while let Some((before, place)) = rest.split_once(OPEN) {
        filled.push_str(before);
        let Some((name, after)) = place.split_once(CLOSE) else {
            rest = place;
            break;
        };
        let state = seen
            .iter()
            .find(|seen| seen.name == name)
            .map_or(State::Inside, |seen| seen.state);
        let word = state.word();
        // Writing to a String cannot fail.
        let _ = write!(filled, "<span class=\"badge {word}\">{word}</span>");
        rest = after;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_gets_the_badge_of_this_view() {
        let card = Fragment {
            name: "tasks/5 task_card".to_owned(),
            html: "<p>five</p>".into(),
        };
        let badge = Fragment {
            name: "owners/1 owner_badge".to_owned(),
            html: "Ada".into(),
        };
        let seen = [Seen {
            name: card.name.clone(),
            state: State::Hit,
        }];
        assert_eq!(
            fill(&format!("<main>{card}{badge}</main>"), &seen),
            "<main><div class=\"fragment\" data-fragment=\"tasks/5 task_card\"><span class=\"badge hit\">hit</span>\
             <p>five</p></div><div class=\"fragment\" data-fragment=\"owners/1 owner_badge\">\
             <span class=\"badge inside\">inside</span>Ada</div></main>"
        );
    }
}
