//! Files that outlive the process that writes them.

use std::{
    fmt::{Display, Write as _},
    fs::{File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use touchable::feed::StreamId;

/// Lines that are appended by several processes.
#[derive(Clone, Debug)]
pub struct Log(PathBuf);

/// A line about a handled message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handled {
    pub process: u32,
    pub token: u64,
    pub id: StreamId,
    pub record: u64,
    pub version: u64,
}

impl Log {
    /// The log of this name in a directory.
    #[must_use]
    pub fn new(dir: &Path, name: &str) -> Self {
        Self(dir.join(name))
    }

    /// Appends lines in one write. A process that is killed in the middle leaves a part of a line, after which the next
    /// writer begins a new one.
    ///
    /// # Panics
    ///
    /// Panics when the file cannot be written.
    pub fn append(&self, lines: impl IntoIterator<Item = impl Display>) {
        let mut text = String::from("\n");
        for line in lines {
            writeln!(text, "{line} .").expect("room for text");
        }
        let mut file: File = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.0)
            .expect("a file to append to");
        file.write_all(text.as_bytes()).expect("a writable file");
    }

    /// The words of each whole line.
    #[must_use]
    pub fn lines(&self) -> Vec<Vec<String>> {
        let text = std::fs::read(&self.0).unwrap_or_default();
        String::from_utf8_lossy(&text)
            .lines()
            .filter_map(|line| line.strip_suffix(" ."))
            .map(|line| line.split(' ').map(str::to_owned).collect())
            .collect()
    }

    /// The handled messages in the order in which they were.
    ///
    /// # Panics
    ///
    /// Panics when it is a log of something else.
    #[must_use]
    pub fn handled(&self) -> Vec<Handled> {
        let number = |word: &str| word.parse().expect("a number");
        self.lines()
            .iter()
            .map(|words| {
                let [process, token, id, record, version] = words.as_slice() else {
                    panic!("{words:?}")
                };
                Handled {
                    process: process.parse().expect("a number"),
                    token: number(token),
                    id: id.parse().expect("an id"),
                    record: number(record),
                    version: number(version),
                }
            })
            .collect()
    }
}
