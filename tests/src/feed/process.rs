//! The processes, as their parent sees them.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use super::Role;

/// A worker. It is killed when it is dropped.
#[derive(Debug)]
pub struct Process {
    process: Child,
    output: BufReader<ChildStdout>,
}

impl Process {
    /// Starts a worker.
    ///
    /// # Panics
    ///
    /// Panics when the program cannot be started.
    #[must_use]
    pub fn start(program: &str, url: &str, namespace: &str, shards: usize, dir: &Path, role: Role) -> Self {
        let mut process = Command::new(program)
            .args([url, namespace, &shards.to_string()])
            .arg(dir)
            .args(role.arguments())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the worker");
        let output = BufReader::new(process.stdout.take().expect("a pipe"));
        Self { process, output }
    }

    /// Waits until it says this.
    ///
    /// # Panics
    ///
    /// Panics when it ends instead.
    pub fn says(&mut self, word: &str) {
        loop {
            let mut line = String::new();
            let read = self.output.read_line(&mut line).expect("a readable pipe");
            assert!(read > 0, "it ended and did not say `{word}`");
            if line.trim() == word {
                return;
            }
        }
    }

    /// Whether it has ended of its own accord.
    ///
    /// # Panics
    ///
    /// Panics when it cannot be asked.
    pub fn has_ended(&mut self) -> bool {
        self.process.try_wait().expect("a process").is_some()
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Stops it (SIGSTOP) or lets it go on (SIGCONT).
    ///
    /// # Panics
    ///
    /// Panics when there is no such signal.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args([format!("-{signal}"), self.id().to_string()])
            .status()
            .expect("the program kill");
        assert!(sent.success());
    }

    /// Kills it (SIGKILL).
    pub fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
