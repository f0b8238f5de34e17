//! What lies between a process and its server: a line of some length and width, and a name that moves to another server.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
    time::{Instant, sleep_until},
};

/// How far away a server is, and how much gets there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Line {
    /// One way.
    pub latency: Duration,
    /// Bytes a second, each way; none for any number.
    pub width: Option<u32>,
}

/// Gone, with its connections, when it is dropped.
pub struct Proxy {
    port: u16,
    target: Arc<AtomicU16>,
    _accepting: JoinSet<()>,
}

impl Proxy {
    pub async fn start(target: u16, line: Line) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = Arc::new(AtomicU16::new(target));
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, Arc::clone(&target), line));
        Self {
            port,
            target,
            _accepting: accepting,
        }
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Sends new connections there; those that are open stay where they are.
    pub fn redirect(&self, target: u16) {
        self.target.store(target, SeqCst);
    }
}

async fn accept(listener: TcpListener, target: Arc<AtomicU16>, line: Line) {
    let mut open = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let target = target.load(SeqCst);
        open.spawn(async move {
            let Ok(server) = TcpStream::connect(("127.0.0.1", target)).await else {
                return;
            };
            let ((from, back), (answers, to)) = (client.into_split(), server.into_split());
            tokio::select! {
                () = pump(from, to, line) => {}
                () = pump(answers, back, line) => {}
            }
        });
    }
}

async fn pump(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, line: Line) {
    let (send, mut way) = mpsc::channel(256);
    let read = async {
        let mut bytes = vec![0; 64 << 10];
        while let Ok(count @ 1..) = from.read(&mut bytes).await {
            let due = Instant::now() + line.latency;
            if send.send((due, bytes[..count].to_vec())).await.is_err() {
                break;
            }
        }
    };
    let write = async {
        let mut free = Instant::now();
        while let Some((due, bytes)) = way.recv().await {
            free = free.max(due);
            // That bytes take their time is what a line is.
            sleep_until(free).await;
            if to.write_all(&bytes).await.is_err() {
                break;
            }
            if let Some(width) = line.width {
                let count = u32::try_from(bytes.len()).unwrap();
                free += Duration::from_secs(1) * count / width;
            }
        }
    };
    tokio::select! {
        () = read => {}
        () = write => {}
    }
}
