//! A full-text index that mirrors a table, and may be killed at any moment: `cargo run -p mirror`.
//!
//! A writer changes products, whose entity publishes itself (`#[touchable(feed)]`): every change is in the feed, whatever dies
//! when. The index is filled by a process of its own, which reads the feed; type `k` and Enter to kill it (SIGKILL), and see
//! how the mirror falls behind, `s` to start another, and see how it catches up, `q` to quit.
//!
//! ```text
//! written 412  indexed 405  behind 7 messages, 0.3 s  killed 2  7 rows differ
//! ```
//!
//! Every change is told twice, the second time by the delayer ten seconds later, and more is indexed than was written.
//!
//! It needs a Redis: `--redis URL`, `REDIS_URL`, or one on this machine. When none answers there and the program `redis-server`
//! is installed, it starts one of its own and stops it at the end.
//!
//! ```text
//! cargo run -p mirror search red scarf   # ask the index, meanwhile
//! cargo run -p mirror check              # compare all rows when nothing is left to be indexed
//! cargo run -p mirror index              # one more process that indexes; it stands by until the other dies
//! cargo run -p mirror write              # one more writer
//! ```
//!
//! ```text
//! source     the table, and what it is changed by
//! writer     what people do to products
//! indexer    messages in, rows read anew, the index written
//! index      the index: who may write to it, and what it finds
//! compare    whether the mirror equals the table
//! watch      all of it at once, with a line that tells how it goes
//! place      which Redis, which directory
//! server     a Redis of one's own
//! arguments  the command line
//! ```

mod arguments;
mod compare;
mod index;
mod indexer;
mod place;
mod server;
mod source;
mod watch;
mod writer;

use std::{error::Error, process::ExitCode, time::Duration};

use clap::Parser;
use tokio::time::{Instant, sleep};

use arguments::{Arguments, Command};
use index::Index;
use place::Place;
use source::Source;

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let done = run(Arguments::parse()).await;
    done.unwrap_or_else(|failure| {
        eprintln!("mirror: {failure}");
        ExitCode::FAILURE
    })
}

async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let Some(command) = &arguments.command else {
        let place = Place::find_or_make(&arguments).await?;
        watch::watch(place, arguments.seconds).await?;
        return Ok(ExitCode::SUCCESS);
    };
    let place = Place::find(&arguments).await?;
    match command {
        Command::Write { changes, pause } => {
            writer::write(&place, *changes, Duration::from_millis(*pause)).await?;
        }
        Command::Index => indexer::run(&place).await?,
        Command::Search { words } => search(&place, words).await?,
        Command::Check { within } => return check(&place, Duration::from_secs(*within)).await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn search(place: &Place, words: &[String]) -> Result<(), Failure> {
    for found in Index::open(&place.dir).await?.search(words).await? {
        println!(
            "{:>6}  {}: {}",
            found.id, found.product.name, found.product.description
        );
    }
    Ok(())
}

async fn check(place: &Place, within: Duration) -> Result<ExitCode, Failure> {
    let consumer = place.stream.consumer(indexer::NAME);
    let begun = Instant::now();
    loop {
        let behind = consumer.lag().await?.messages;
        if behind == 0 {
            break;
        }
        if begun.elapsed() > within {
            println!("the index is {behind} messages behind; is a `mirror index` running?");
            return Ok(ExitCode::FAILURE);
        }
        sleep(Duration::from_millis(50)).await;
    }
    let (source, index) = (
        Source::open(&place.dir, &place.stream).await?,
        Index::open(&place.dir).await?,
    );
    let (table, mirror) = (source.all().await?, index.all().await?);
    let differing = compare::differing(&table, &mirror);
    for id in differing.iter().take(10) {
        println!(
            "{id}: {:?} in the table, {:?} in the index",
            table.get(id),
            mirror.get(id)
        );
    }
    if differing.is_empty() {
        println!("equal: {} rows", table.len());
        return Ok(ExitCode::SUCCESS);
    }
    println!("{} of {} rows differ", differing.len(), table.len());
    Ok(ExitCode::FAILURE)
}
