//! All of it at once, and a line that tells how it goes.

use std::{
    env,
    io::{self, BufRead, IsTerminal, Write},
    thread,
    time::Duration,
};

use tokio::{
    process::{Child, Command},
    select,
    signal::ctrl_c,
    sync::mpsc,
    time::{MissedTickBehavior, interval, sleep},
};

use crate::{Failure, compare, index::Index, indexer, place::Place, source::Source, writer::Writer};

/// How long after a change its second message is sent. Longer than any transaction takes here.
const DELAY: Duration = Duration::from_secs(10);

/// Runs until it is told to end.
pub async fn watch(place: Place, seconds: Option<u64>) -> Result<(), Failure> {
    println!("k and Enter kills the process that indexes, s starts one, q quits");
    let delayer = place.stream.delayer(DELAY).run()?;
    let trimmer = place.stream.trimmer([indexer::NAME]).run()?;
    let done = go(&place, seconds).await;
    println!();
    delayer.shutdown().await;
    trimmer.shutdown().await;
    done
}

async fn go(place: &Place, seconds: Option<u64>) -> Result<(), Failure> {
    let mut writer = Writer::open(place).await?;
    let mut scene = Scene::open(place).await?;
    let mut keys = keys(seconds.is_some());
    let (mut change, mut look) = (
        interval(Duration::from_millis(250)),
        interval(Duration::from_millis(500)),
    );
    change.set_missed_tick_behavior(MissedTickBehavior::Skip);
    look.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let end = async {
        match seconds {
            Some(seconds) => sleep(Duration::from_secs(seconds)).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(end);
    loop {
        select! {
            _ = change.tick() => {
                writer.change().await?;
                scene.written += 1;
            }
            _ = look.tick() => scene.show().await?,
            key = keys.recv() => match key.as_deref() {
                Some("k") => scene.kill().await?,
                Some("s") => scene.start()?,
                Some("q") | None => return Ok(()),
                Some(_) => {}
            },
            () = &mut end => return Ok(()),
            stopped = ctrl_c() => return Ok(stopped?),
        }
    }
}

/// The lines that are typed; the end of the input is the end of them, unless something else ends this.
fn keys(goes_on: bool) -> mpsc::Receiver<String> {
    let (send, lines) = mpsc::channel(1);
    // A thread of its own: a runtime waits for a read at its end, and this one may never end.
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if send.blocking_send(line.trim().to_owned()).is_err() {
                return;
            }
        }
        if goes_on {
            thread::park();
        }
    });
    lines
}

struct Scene<'a> {
    place: &'a Place,
    source: Source,
    index: Index,
    indexer: Option<Child>,
    written: u64,
    killed: u64,
    /// In the index before this began.
    indexed_before: i64,
}

impl<'a> Scene<'a> {
    async fn open(place: &'a Place) -> Result<Self, Failure> {
        let index = Index::open(&place.dir).await?;
        let mut scene = Self {
            place,
            source: Source::open(&place.dir, &place.stream).await?,
            indexed_before: index.messages().await?,
            index,
            indexer: None,
            written: 0,
            killed: 0,
        };
        scene.start()?;
        Ok(scene)
    }

    fn start(&mut self) -> Result<(), Failure> {
        if self.indexer.is_some() {
            return Ok(());
        }
        let indexer = Command::new(env::current_exe()?)
            .args([
                "index",
                "--redis",
                &self.place.url,
                "--namespace",
                &self.place.namespace,
                "--dir",
            ])
            .arg(&self.place.dir)
            .stdin(std::process::Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        self.indexer = Some(indexer);
        Ok(())
    }

    async fn kill(&mut self) -> Result<(), Failure> {
        if let Some(mut indexer) = self.indexer.take() {
            indexer.kill().await?;
            self.killed += 1;
        }
        Ok(())
    }

    async fn show(&self) -> Result<(), Failure> {
        let lag = self.place.stream.consumer(indexer::NAME).lag().await?;
        let indexed = self.index.messages().await? - self.indexed_before;
        let differing = compare::differing(&self.source.all().await?, &self.index.all().await?).len();
        let mirror = match differing {
            0 => "the mirror equals the table".to_owned(),
            rows => format!("{rows} rows differ"),
        };
        let line = format!(
            "written {}  indexed {indexed}  behind {} messages, {:.1} s  killed {}  {mirror}",
            self.written,
            lag.messages,
            lag.age.as_secs_f64(),
            self.killed,
        );
        if io::stdout().is_terminal() {
            print!("\r\x1b[2K{line}");
            io::stdout().flush()?;
        } else {
            println!("{line}");
        }
        Ok(())
    }
}
