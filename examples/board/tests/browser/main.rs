//! The board in a real browser: headless Chromium, driven through its driver.
//!
//! Every test has a process of the board, a database and a browser of its own. What a page view has rendered is read
//! from the page, as a person would read it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod browser;
mod databases;
mod deleting;
mod fragments;
mod looks;
mod node;
mod nodes;
mod typing;

use browser::{Page, in_browser};
use node::Node;
