//! A Redis server that a test may kill, stop and start again.

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::namespace;

/// Gone, with its data, when it is dropped.
#[derive(Debug)]
pub struct OwnRedis {
    port: u16,
    dir: PathBuf,
    arguments: Vec<String>,
    process: Option<Child>,
}

impl OwnRedis {
    /// Starts one that writes everything to its log before it answers.
    ///
    /// # Panics
    ///
    /// Panics when there is no program `redis-server`, or it does not start.
    #[must_use]
    pub fn start(arguments: &[&str]) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let dir = std::env::temp_dir().join(format!("touchable-redis-{}", namespace()));
        std::fs::create_dir_all(&dir).expect("a directory");
        let mut server = Self {
            port,
            dir,
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            process: None,
        };
        server.restart();
        server
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Its port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    /// Kills it (SIGKILL).
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Starts it again with what it had stored.
    ///
    /// # Panics
    ///
    /// Panics when it does not start.
    pub fn restart(&mut self) {
        self.kill();
        let process = Command::new("redis-server")
            .args([
                "--port",
                &self.port.to_string(),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
            ])
            .args(["--appendonly", "yes", "--appendfsync", "always"])
            .arg("--dir")
            .arg(&self.dir)
            .args(&self.arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program redis-server");
        self.process = Some(process);
        let begun = Instant::now();
        while !self.answers() {
            assert!(begun.elapsed() < Duration::from_secs(20), "Redis does not start");
            // It tells nobody.
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Lets it answer nobody, until it [goes on](Self::resume).
    ///
    /// # Panics
    /// When it is not running.
    pub fn suspend(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    ///
    /// # Panics
    /// When it is not running.
    pub fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let pid = self.pid().expect("a running server").to_string();
        let status = Command::new("kill").args([signal, &pid]).status();
        assert!(status.is_ok_and(|status| status.success()), "kill {signal}");
    }

    /// Whether it has loaded its data.
    fn answers(&self) -> bool {
        let client = redis::Client::open(self.url()).expect("a URL");
        client
            .get_connection()
            .and_then(|mut connection| redis::cmd("PING").query::<String>(&mut connection))
            .is_ok()
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}
