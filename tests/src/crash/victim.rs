//! The process that is killed, as its parent sees it.

use std::{
    io::{BufRead, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
};

use crate::World;

/// Where the process stops of its own accord, to be killed there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    Never,
    /// After so many statements of an operation, or after the operation if it has fewer.
    After {
        op: usize,
        statements: usize,
    },
}

impl Stop {
    fn argument(self) -> String {
        match self {
            Self::Never => "never".to_owned(),
            Self::After { op, statements } => format!("{op}:{statements}"),
        }
    }

    pub(super) fn parse(argument: &str) -> Self {
        match argument.split_once(':') {
            None => Self::Never,
            Some((op, statements)) => Self::After {
                op: op.parse().expect("a number"),
                statements: statements.parse().expect("a number"),
            },
        }
    }
}

/// A process that writes to a world's database.
#[derive(Debug)]
pub struct Victim {
    process: Child,
    output: BufReader<ChildStdout>,
    /// The last operation that it has begun.
    begun: usize,
    /// Its session on the server.
    session: i64,
}

impl Victim {
    /// Starts the writer: on a `TouchConnection` or on a plain one, from this operation of the script on.
    ///
    /// # Panics
    ///
    /// Panics when the program cannot be started, or does not connect.
    #[must_use]
    pub fn start(program: &str, world: &World, touching: bool, seed: u64, from: usize, stop: Stop) -> Self {
        let mut process = Command::new(program)
            .arg(world.url())
            .arg(if touching { "touch" } else { "plain" })
            .args([seed.to_string(), from.to_string(), stop.argument()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the writer");
        let output = BufReader::new(process.stdout.take().expect("a pipe"));
        let mut victim = Self {
            process,
            output,
            begun: from,
            session: 0,
        };
        let session = victim.next().expect("a writer that connects");
        victim.session = session.parse().expect("a number");
        victim
    }

    /// Waits for the writer's next word.
    fn next(&mut self) -> Option<String> {
        let mut line = String::new();
        // Killed in the middle of a line, it has said nothing.
        let read = self.output.read_line(&mut line).expect("a readable pipe");
        if read == 0 || !line.ends_with('\n') {
            return None;
        }
        if let Some(op) = line.strip_prefix("op ") {
            self.begun = op.trim().parse().expect("a number");
        }
        Some(line.trim().to_owned())
    }

    /// Waits until it has begun to write.
    ///
    /// # Panics
    ///
    /// Panics when it ends instead.
    pub fn begins(&mut self) {
        self.next().expect("a writer that writes");
    }

    /// Waits until it has stopped; `false` when the operation was over before.
    ///
    /// # Panics
    ///
    /// Panics when it ends instead.
    pub fn stops(&mut self) -> bool {
        loop {
            match self.next().expect("a writer that stops").as_str() {
                "stopped" => return true,
                "passed" => return false,
                _ => {}
            }
        }
    }

    /// Kills it (SIGKILL), and returns the last operation that it had begun: those before are done.
    ///
    /// # Panics
    ///
    /// Panics when it had ended of its own accord.
    pub async fn kill(mut self, world: &World) -> usize {
        let ended = self.process.try_wait().expect("a process");
        assert!(ended.is_none(), "the writer ended: {ended:?}");
        self.process.kill().expect("a process to kill");
        self.process.wait().expect("a process that was killed");
        while self.next().is_some() {}
        world.is_rid_of(self.session).await;
        self.begun
    }
}
