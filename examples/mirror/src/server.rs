//! A Redis of one's own, which ends with its handle.

use std::{
    fs,
    io::{self, ErrorKind},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use crate::Failure;

pub struct Server {
    process: Child,
    url: String,
    /// Where others find its address.
    word: PathBuf,
}

impl Server {
    /// Starts one that keeps its data in a directory; nothing when the program is not installed.
    pub fn start(dir: &Path) -> Result<Option<Self>, Failure> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let started = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .args(["--appendonly", "yes", "--dir"])
            .arg(dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        let process = match started {
            Ok(process) => process,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mut server = Self {
            process,
            url: format!("redis://127.0.0.1:{port}"),
            word: word(dir),
        };
        server.wait(port)?;
        fs::write(&server.word, &server.url)?;
        Ok(Some(server))
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where somebody's own Redis was last.
    pub fn left_word(dir: &Path) -> Option<String> {
        fs::read_to_string(word(dir)).ok()
    }

    /// Until it takes connections, which it tells nobody.
    fn wait(&mut self, port: u16) -> io::Result<()> {
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = self.process.try_wait()? {
                return Err(io::Error::other(format!("redis-server has ended: {status}")));
            }
            if begun.elapsed() > Duration::from_secs(20) {
                return Err(io::Error::other("redis-server does not start"));
            }
            sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

fn word(dir: &Path) -> PathBuf {
    dir.join("redis.url")
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_file(&self.word);
    }
}
