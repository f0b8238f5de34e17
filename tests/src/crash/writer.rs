//! Inside the process that is killed.

use std::{
    io::Read,
    process, str,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement, TransactionTrait,
};

use super::{Stop, script};

/// Writes what the arguments say until it is killed: the database's URL, `touch` or `plain`, the seed of the script,
/// the first operation, and where to stop.
///
/// # Panics
///
/// Panics when the arguments are not a [`Victim`](super::Victim)'s, or the database refuses something.
pub fn write(mut arguments: impl Iterator<Item = String>) {
    let mut next = || arguments.next().expect("five arguments");
    let (url, kind, seed, from, stop) = (next(), next(), next(), next(), next());
    let script = || script(seed.parse().expect("a seed"));
    let from = from.parse().expect("a number");
    let stop = Stop::parse(&stop);
    end_with_parent();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut options = ConnectOptions::new(url);
        options.max_connections(1).sqlx_logging(false);
        let mut db = Database::connect(options).await.expect("the parent's database");
        println!("{}", session(&db).await);
        let statement = Counter::default();
        let counter = statement.clone();
        db.set_metric_callback(move |_| counter.count(stop));
        if kind == "touch" {
            run(&touchable::connect(db), script(), from, stop, &statement).await;
        } else {
            run(&db, script(), from, stop, &statement).await;
        }
    });
}

/// What the server calls this connection.
async fn session(db: &DatabaseConnection) -> i64 {
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => "SELECT CAST(pg_backend_pid() AS bigint)",
        DbBackend::MySql => "SELECT CAST(CONNECTION_ID() AS SIGNED)",
        _ => "SELECT 0",
    };
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let row = db.query_one_raw(statement).await.expect("a session");
    row.expect("a row").try_get_by_index(0).expect("a number")
}

async fn run<C: TransactionTrait + ConnectionTrait>(
    db: &C,
    script: impl Iterator<Item = super::Op>,
    from: usize,
    stop: Stop,
    statement: &Counter,
) {
    for (index, op) in script.enumerate().skip(from) {
        statement.begin(index);
        println!("op {index}");
        op.run(db).await.unwrap_or_else(|e| panic!("{op:?}: {e}"));
        if matches!(stop, Stop::After { op, .. } if op == index) {
            say_and_wait("passed");
        }
    }
}

/// The operation under way, and how many of its statements are done.
#[derive(Clone, Debug, Default)]
struct Counter(Arc<(AtomicUsize, AtomicUsize)>);

impl Counter {
    fn begin(&self, op: usize) {
        self.0.0.store(op, SeqCst);
        self.0.1.store(0, SeqCst);
    }

    fn count(&self, stop: Stop) {
        let done = self.0.1.fetch_add(1, SeqCst) + 1;
        if matches!(stop, Stop::After { op, statements } if op == self.0.0.load(SeqCst) && statements == done)
        {
            say_and_wait("stopped");
        }
    }
}

/// Tells the parent, whose turn it is now.
fn say_and_wait(word: &str) -> ! {
    println!("{word}");
    loop {
        thread::park();
    }
}

/// Nobody is left to kill this process once the parent is gone.
fn end_with_parent() {
    thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        process::exit(0);
    });
}
