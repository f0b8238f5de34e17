//! A page of the board in Chromium, as its reader sees it.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use fantoccini::{Client, Locator, elements::Element};
use serde_json::{Value, json};

use crate::Node;

const PATIENCE: Duration = Duration::from_secs(20);

/// Runs a test in a browser of its own.
pub async fn in_browser(test: impl AsyncFnOnce(&Page)) {
    touchable_browser::in_browser(async |client| test(&Page(client.clone())).await).await;
}

/// The page that the browser shows.
pub struct Page(Client);

impl Page {
    pub async fn open(&self, node: &Node, path: &str) {
        self.0.goto(&node.url(path)).await.unwrap();
    }

    pub async fn path(&self) -> String {
        self.0.current_url().await.unwrap().path().to_owned()
    }

    pub async fn find(&self, css: &str) -> Element {
        let found = self.0.find(Locator::Css(css)).await;
        found.unwrap_or_else(|error| panic!("no `{css}` on the page: {error}"))
    }

    pub async fn has(&self, css: &str) -> bool {
        !self.0.find_all(Locator::Css(css)).await.unwrap().is_empty()
    }

    pub async fn text(&self, css: &str) -> String {
        self.find(css).await.text().await.unwrap()
    }

    pub async fn run(&self, script: &str) -> Value {
        self.0.execute(script, Vec::new()).await.unwrap()
    }

    pub async fn resize(&self, width: u32, height: u32) {
        self.0.set_window_size(width, height).await.unwrap();
    }

    /// The fragments that this view asked for, and whether they were there: `events/1 event` → `hit`.
    pub async fn seen(&self) -> BTreeMap<String, String> {
        let script = "return Object.fromEntries([...document.querySelectorAll('#view li')]
            .map(li => [li.dataset.seen, li.dataset.state]))";
        serde_json::from_value(self.run(script).await).unwrap()
    }

    /// The fragments that were rendered for this view.
    pub async fn rendered(&self) -> Vec<String> {
        self.in_state("miss").await
    }

    pub async fn hits(&self) -> Vec<String> {
        self.in_state("hit").await
    }

    async fn in_state(&self, wanted: &str) -> Vec<String> {
        let seen = self.seen().await.into_iter();
        seen.filter(|(_, state)| state == wanted)
            .map(|(name, _)| name)
            .collect()
    }

    /// The badge that a fragment wears.
    pub async fn badge(&self, fragment: &str) -> String {
        self.text(&format!("[data-fragment='{fragment}'] > .badge")).await
    }

    /// The rows that the last save touched, by table, with the rules.
    pub async fn touches(&self) -> Vec<String> {
        let script = "return [...document.querySelectorAll('#save .touches li')].map(li => li.innerText)";
        let touches: Vec<String> = serde_json::from_value(self.run(script).await).unwrap();
        touches
            .into_iter()
            .map(|touch| touch.replace('\n', " "))
            .collect()
    }

    /// Types a text into a field in the place of what is there, key by key.
    pub async fn type_in(&self, field: &str, text: &str) {
        self.unfold(&format!("#{field}")).await;
        let field = self.find(&format!("#{field}")).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Presses keys wherever the keyboard leads to.
    pub async fn press(&self, keys: &str) {
        let active = self.0.active_element().await.unwrap();
        active.send_keys(keys).await.unwrap();
    }

    pub async fn choose(&self, field: &str, value: &str) {
        self.unfold(&format!("#{field}")).await;
        self.find(&format!("#{field}"))
            .await
            .select_by_value(value)
            .await
            .unwrap();
    }

    pub async fn value(&self, field: &str) -> String {
        let value = self.find(&format!("#{field}")).await.prop("value").await;
        value.unwrap().unwrap_or_default()
    }

    /// Presses the button of the form that goes to this address, and waits for the page that comes.
    pub async fn send(&self, action: &str) {
        let button = format!("form[action='{action}'] button");
        self.unfold(&button).await;
        let button = self.find(&button).await;
        self.leaving(async || button.click().await.unwrap()).await;
    }

    /// Does what leads to another page, and waits until that is there.
    pub async fn leaving(&self, leave: impl AsyncFnOnce()) {
        self.run("window.isOld = true").await;
        leave().await;
        let deadline = Instant::now() + PATIENCE;
        let there = "return !window.isOld && document.readyState === 'complete'";
        // The old page answers for as long as the server takes; asking again is all that there is to wait for.
        while self.run(there).await != json!(true) {
            assert!(
                Instant::now() < deadline,
                "no other page came within {PATIENCE:?}"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Opens the fold that an element is in, by its summary.
    async fn unfold(&self, css: &str) {
        let closed = self
            .0
            .find_all(Locator::Css(&format!("details:not([open]):has({css}) > summary")))
            .await;
        for summary in closed.unwrap() {
            summary.click().await.unwrap();
        }
    }
}
