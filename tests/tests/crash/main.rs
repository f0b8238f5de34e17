//! Behaviour 26 with real processes: a writer is killed (SIGKILL) at statement boundaries and anywhere, and what it
//! leaves is all of its last operation or nothing of it, touches included.
//!
//! `TOUCHABLE_KILLS=5000` kills more often than the suite has time for.

use std::{env, thread, time::Duration};

use sea_orm::{EntityTrait, TransactionTrait};
use touchable_tests::{
    World,
    crash::{Ledger, Op, Single, Stop, Victim, script},
    entities::ledger::{self, book},
    on_every_backend, on_every_server,
};

/// How often a test kills at random, unless `TOUCHABLE_KILLS` says otherwise.
const KILLS: usize = 150;

/// How many operations are cut at each of their statements. Every kind is among them.
const CUT: usize = 24;

const WRITER: &str = env!("CARGO_BIN_EXE_crash-writer");

/// What the killed writers should have left.
struct Trail {
    seed: u64,
    script: Vec<Op>,
    /// The next operation.
    at: usize,
    /// What is stored before it.
    ledger: Ledger,
}

/// What is left of the operation that was under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Nothing,
    Everything,
    /// Some of it, which must not be.
    Part,
}

impl Trail {
    async fn begin(world: &World, seed: u64) -> Self {
        eprintln!("seed {seed}");
        Ledger::populate(world).await;
        Self {
            seed,
            script: Vec::new(),
            at: 0,
            ledger: Ledger::start(),
        }
    }

    fn victim(&self, world: &World, touching: bool, stop: Stop) -> Victim {
        Victim::start(WRITER, world, touching, self.seed, self.at, stop)
    }

    fn op(&mut self, index: usize) -> Op {
        if self.script.len() <= index {
            self.script = script(self.seed).take(index + 1_000).collect();
        }
        self.script[index].clone()
    }

    /// Compares what a writer has left that had begun the operation `begun`.
    async fn follow(&mut self, world: &World, begun: usize) -> Left {
        while self.at < begun {
            let op = self.op(self.at);
            self.ledger.apply(&op);
            self.at += 1;
        }
        let stored = Ledger::read(&world.db).await;
        if stored == self.ledger {
            return Left::Nothing;
        }
        let mut after = self.ledger.clone();
        after.apply(&self.op(begun));
        if stored == after {
            self.ledger = after;
            self.at += 1;
            return Left::Everything;
        }
        eprintln!("before {:#?}\nafter {after:#?}\nstored {stored:#?}", self.ledger);
        Left::Part
    }
}

/// Every stamp that moved has risen, and none has stayed behind its version.
#[track_caller]
fn assert_stamps_rose(before: &touchable_tests::Moments, after: &touchable_tests::Moments) {
    let moved = before.moved(after);
    let wrong: Vec<_> = moved
        .iter()
        .filter(|row| row.contains('.') || row.contains("FELL"))
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

fn seed() -> u64 {
    match env::var("TOUCHABLE_SEED") {
        Ok(seed) => seed.parse().expect("TOUCHABLE_SEED is a number"),
        Err(_) => fastrand::u64(..),
    }
}

fn kills() -> usize {
    match env::var("TOUCHABLE_KILLS") {
        Ok(kills) => kills.parse().expect("TOUCHABLE_KILLS is a number"),
        Err(_) => KILLS,
    }
}

async fn b26_killed_anywhere(world: &World) {
    let mut trail = Trail::begin(world, seed()).await;
    let mut rng = fastrand::Rng::with_seed(trail.seed);
    let (mut nothing, mut everything) = (0, 0);
    for _ in 0..kills() {
        let before = world.moments().await;
        let mut victim = trail.victim(world, true, Stop::Never);
        victim.begins();
        // Not to wait for anything: so long may it write, a few operations or a part of one.
        thread::sleep(Duration::from_micros(rng.u64(..40_000)));
        let begun = victim.kill(world).await;
        match trail.follow(world, begun).await {
            Left::Nothing => nothing += 1,
            Left::Everything => everything += 1,
            Left::Part => panic!(
                "killed in {:?} (operation {begun}), it left a part",
                trail.op(begun)
            ),
        }
        assert_stamps_rose(&before, &world.moments().await);
    }
    eprintln!(
        "{} operations; the last had left nothing {nothing} times, everything {everything} times",
        trail.at
    );
    assert!(trail.at > 0, "nothing was ever written");
}

async fn b26_killed_after_every_statement(world: &World) {
    // Always the same script, so that every kind is cut.
    let mut trail = Trail::begin(world, 26).await;
    let mut cuts = 0;
    for op in 0..CUT {
        let mut statements = 1;
        while trail.at == op {
            let before = world.moments().await;
            let mut victim = trail.victim(world, true, Stop::After { op, statements });
            let stopped = victim.stops();
            assert_eq!(victim.kill(world).await, op);
            let left = trail.follow(world, op).await;
            let operation = trail.op(op);
            assert!(
                left == Left::Everything || (stopped && left == Left::Nothing),
                "after {statements} statements of {operation:?} there was {left:?}"
            );
            assert_stamps_rose(&before, &world.moments().await);
            statements += 1;
            cuts += 1;
        }
    }
    eprintln!("{cuts} cuts in {CUT} operations");
    assert!(cuts > CUT, "operations of more than one statement");
}

/// On a plain connection the gap is there, and these tests can see it.
async fn b26_control_on_a_plain_connection_a_part_is_left(world: &World) {
    let mut trail = Trail::begin(world, 26).await;
    let rename =
        script(trail.seed).position(|op| matches!(op, Op::Alone(Single::Rename { returning: true, .. })));
    let op = rename.expect("a renamed author");
    for statements in 1..10 {
        Ledger::populate(world).await;
        trail.at = op;
        trail.ledger = Ledger::start();
        let mut victim = trail.victim(world, false, Stop::After { op, statements });
        let stopped = victim.stops();
        victim.kill(world).await;
        let left = trail.follow(world, op).await;
        if left == Left::Part {
            return;
        }
        assert!(stopped, "no part was left anywhere");
    }
    panic!("a save of so many statements");
}

/// A book comes to the author in a transaction that is open while they are renamed, which the renaming waits for. Killed
/// after any of its statements from then on, it must have touched that book too, or renamed nobody.
async fn b26_killed_while_a_book_comes_to_the_author(world: &World) {
    let mut trail = Trail::begin(world, 26).await;
    let (op, author) = script(trail.seed)
        .enumerate()
        .find_map(|(index, op)| match op {
            Op::Alone(Single::Rename {
                author,
                returning: true,
                ..
            }) => Some((index, author)),
            _ => None,
        })
        .expect("a renamed author");
    for statements in 1..10 {
        Ledger::populate(world).await;
        trail.at = op;
        let before = Ledger::read(&world.db).await;
        let coming = world.db.begin().await.unwrap();
        book::Entity::insert(ledger::book(900, author, 1))
            .exec(&coming)
            .await
            .unwrap();
        let mut victim = trail.victim(world, true, Stop::After { op, statements });
        world.somebody_waits().await;
        coming.commit().await.unwrap();
        let stopped = victim.stops();
        victim.kill(world).await;
        let after = Ledger::read(&world.db).await;
        let renamed = after.authors[&author].0 != before.authors[&author].0;
        for (id, (_, of, _, version)) in &after.books {
            let touched = *version > 1;
            assert!(
                touched == (renamed && *of == author),
                "killed after {statements} statements: author {author} is renamed: {renamed}, their book {id} is \
                 touched: {touched}"
            );
        }
        if !stopped {
            return;
        }
    }
    panic!("a save of so many statements");
}

on_every_server!(ledger, 3: b26_killed_while_a_book_comes_to_the_author);

on_every_backend!(ledger, 2:
    b26_killed_anywhere,
    b26_killed_after_every_statement,
    b26_control_on_a_plain_connection_a_part_is_left,
);

/// SQLite's other journal, which a reader rolls back after a crash.
mod with_a_rollback_journal {
    use touchable_tests::{entities::ledger, run_with_rollback_journal};

    #[test]
    fn b26_killed_anywhere() {
        run_with_rollback_journal(ledger::tables(), 2, &super::b26_killed_anywhere);
    }

    #[test]
    fn b26_killed_after_every_statement() {
        run_with_rollback_journal(ledger::tables(), 2, &super::b26_killed_after_every_statement);
    }
}
