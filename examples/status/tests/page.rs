//! The page in a real browser, and what programs get.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use fantoccini::{Client, Locator};
use touchable_browser::in_browser;

/// A process of the example on a free port; it ends with this value.
struct Node {
    process: Child,
    address: String,
}

impl Node {
    fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_status"))
            .args(["--port", "0", "--latency", "50", "--interval", "300"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim().strip_prefix("the deployments are at http://");
        let address = address
            .unwrap_or_else(|| panic!("no address in {line:?}"))
            .to_owned();
        Self { process, address }
    }

    fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// The head and the body of an answer.
    fn get(&self, path: &str) -> (String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_lowercase(), body.to_owned())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Waits until the page itself, which is never loaded again, shows this.
async fn shows(page: &Client, what: &str, script: &str) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while page
        .execute(&format!("return {script}"), Vec::new())
        .await
        .unwrap()
        != serde_json::json!(true)
    {
        assert!(Instant::now() < deadline, "the page never shows {what}");
        // The page tells nobody that it has changed.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

const OUTCOMES: &str = "[...document.querySelectorAll('tr[data-outcome]')].map(row => row.dataset.outcome)";

async fn press(page: &Client, css: &str) {
    // The page may put another button in its place between two commands.
    let script = format!("document.querySelector({css:?}).click()");
    page.execute(&script, Vec::new()).await.unwrap();
}

async fn a_stopped_service_and_its_return(node: &Node) {
    in_browser(async |page| {
        page.goto(&node.url()).await.unwrap();
        assert_eq!(
            page.find_all(Locator::Css("tr[data-outcome]"))
                .await
                .unwrap()
                .len(),
            6
        );
        shows(page, "a fresh reading", &format!("{OUTCOMES}.includes('fresh')")).await;
        let all_known = "[...document.querySelectorAll('.status')].every(status => status.innerText != '')";
        shows(page, "every status", all_known).await;
        press(page, "#switch").await;
        shows(
            page,
            "a stopped service",
            "document.getElementById('service')?.innerText == 'stopped'",
        )
        .await;
        shows(
            page,
            "stale readings",
            &format!("{OUTCOMES}.every(outcome => outcome == 'stale')"),
        )
        .await;
        shows(page, "the statuses all the same", all_known).await;
        let problem = "document.querySelector('.problem').innerText == 'the service does not answer'";
        shows(page, "what is wrong", problem).await;
        press(page, "#switch").await;
        shows(
            page,
            "fresh readings again",
            &format!("{OUTCOMES}.filter(outcome => outcome == 'fresh').length >= 3"),
        )
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_memory() {
    a_stopped_service_and_its_return(&Node::start(&[])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_two_nodes() {
    let url = std::env::var("TOUCHABLE_REDIS_URL").expect("TOUCHABLE_REDIS_URL: run scripts/test");
    let namespace = format!("status.{}", std::process::id());
    let arguments = ["--redis", &url, "--namespace", &namespace];
    // Either may compute; only one of them is told to stop its service.
    let (one, other) = (Node::start(&arguments), Node::start(&arguments));
    in_browser(async |page| {
        page.goto(&one.url()).await.unwrap();
        let all_known = "[...document.querySelectorAll('.status')].every(status => status.innerText != '')";
        shows(page, "every status", all_known).await;
        page.goto(&other.url()).await.unwrap();
        shows(page, "every status on the other node, at once", all_known).await;
    })
    .await;
}

#[test]
fn programs_are_asked_to_come_again() {
    let node = Node::start(&[]);
    let (head, body) = node.get("/deployments/5");
    assert!(
        head.contains(" 202 ") && head.contains("retry-after: 1") && body.is_empty(),
        "{head}"
    );
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let (head, body) = node.get("/deployments/5");
        if head.contains(" 200 ") {
            assert!(body.contains("build 5."), "{body}");
            break;
        }
        assert!(Instant::now() < deadline, "{head}");
        // As `Retry-After` says, and sooner.
        std::thread::sleep(Duration::from_millis(50));
    }
}
