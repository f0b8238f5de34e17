//! A Redis that one test starts, stops and starts again.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::subject::until;

pub struct RedisServer {
    port: u16,
    settings: Vec<String>,
    process: Child,
}

impl RedisServer {
    pub async fn start(settings: &[&str]) -> Self {
        let port = free_port();
        let settings: Vec<String> = settings.iter().map(|&setting| setting.to_owned()).collect();
        let server = Self {
            port,
            process: spawn(port, &settings),
            settings,
        };
        server.is_up().await;
        server
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn url(&self) -> String {
        format!("redis://{}", self.address())
    }

    /// As a crash does.
    pub fn kill(&mut self) {
        self.process.kill().expect("a process to kill");
        self.process.wait().expect("its end");
    }

    /// On the same port, with nothing in it.
    pub async fn start_again(&mut self) {
        self.process = spawn(self.port, &self.settings);
        self.is_up().await;
    }

    /// It holds its connections and answers nothing.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args([signal, &self.process.id().to_string()])
            .status();
        assert!(sent.expect("kill").success());
    }

    async fn is_up(&self) {
        until(async || tokio::net::TcpStream::connect(self.address()).await.is_ok()).await;
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn spawn(port: u16, settings: &[String]) -> Child {
    Command::new("redis-server")
        .args([
            "--port",
            &port.to_string(),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ])
        .args(settings)
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server: run scripts/test, it installs it")
}

/// The system does not give a port out again soon.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// What a test waits for one answer, on a machine that is busy with others.
pub const PATIENCE: Duration = Duration::from_secs(15);
