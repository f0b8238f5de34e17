//! Headless Chromium, driven through its driver, for the tests of examples.

use std::{
    io::{BufRead, BufReader, ErrorKind},
    panic::{AssertUnwindSafe, resume_unwind},
    process::{Child, Command, Stdio},
};

use fantoccini::{Client, ClientBuilder};
use futures_util::FutureExt;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

const MISSING: &str = "run scripts/test, or install chromium and chromium-driver";

/// Runs a test in a browser of its own, which ends whether the test fails or not.
pub async fn in_browser(test: impl AsyncFnOnce(&Client)) {
    let driver = Driver::start();
    let directory = tempfile::tempdir().expect("a directory");
    let client = driver.open(&directory).await;
    let outcome = AssertUnwindSafe(test(&client)).catch_unwind().await;
    client.close().await.expect("the browser's end");
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

/// A chromedriver on a free port.
struct Driver {
    process: Child,
    port: u16,
}

impl Driver {
    fn start() -> Self {
        let process = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .spawn();
        let mut process = process.unwrap_or_else(|error| match error.kind() {
            ErrorKind::NotFound => panic!("there is no chromedriver: {MISSING}"),
            _ => panic!("chromedriver does not start: {error}"),
        });
        let lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        let port = lines.map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        Self {
            process,
            port: port.expect("chromedriver says its port"),
        }
    }

    async fn open(&self, directory: &TempDir) -> Client {
        let own = format!("--user-data-dir={}", directory.path().display());
        let capabilities = json!({ "goog:chromeOptions": { "args": [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            // A small /dev/shm, as containers have it, would end pages.
            "--disable-dev-shm-usage", own,
        ] } });
        let Value::Object(capabilities) = capabilities else {
            unreachable!("it is written as an object")
        };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{}", self.port))
            .await;
        client.unwrap_or_else(|error| panic!("Chromium does not start ({error}): {MISSING}"))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
