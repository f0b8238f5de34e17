//! One step after the other: each is judged by what is stored before and after it, and beside the same step on SeaORM
//! alone.

use std::{collections::BTreeSet, sync::Arc};

use sea_orm::DbErr;

use crate::{
    bench::Bench,
    history::{History, Step},
    judge::Judge,
    link::{Handles, Link},
    perform::Memory,
    player::Player,
    state::Fragment,
    violation::{Check, Violation},
};

/// Runs a history, one writer after the other; writers share what they have read.
///
/// # Errors
///
/// When the database refuses something of ours.
pub async fn run(bench: &Bench, history: &History) -> Result<Vec<Violation>, DbErr> {
    Ok(play(bench, history).await?.0)
}

/// What a write has moved, where it succeeded.
pub type Moved = Option<BTreeSet<Fragment>>;

/// The violations of a history, and what each of its writes has moved.
///
/// # Errors
///
/// When the database refuses something of ours.
pub async fn play(bench: &Bench, history: &History) -> Result<(Vec<Violation>, Vec<Moved>), DbErr> {
    bench.turns.begin(0);
    bench.reset().await?;
    let handles = Handles::of(bench.db(), &bench.schema);
    let mut judge = Judge::new(bench).await?;
    let mut memories = Memory::new();
    let mut twin_memories = Memory::new();
    for (number, writer) in history.writers.iter().enumerate() {
        let strict = writer.touch && writer.strict;
        let name = format!("w{number}");
        let mut player =
            Player::new(&bench.schema, handles.link(writer), &name, Arc::default()).strict(strict);
        let mut twin = Player::new(
            &bench.schema,
            Link::Plain(bench.twin.clone()),
            &name,
            Arc::default(),
        )
        .strict(strict)
        .hookless();
        player.memory = memories;
        twin.memory = twin_memories;
        judge.begin().await?;
        for (step, what) in writer.steps.iter().enumerate() {
            judge.step((number, step), what, &mut player, &mut twin).await?;
        }
        while player.in_transaction() || twin.in_transaction() {
            let step = (number, writer.steps.len());
            judge.step(step, &Step::Commit, &mut player, &mut twin).await?;
        }
        judge.end(number, &player);
        memories = std::mem::take(&mut player.memory);
        twin_memories = std::mem::take(&mut twin.memory);
    }
    if handles.registered() != 0 {
        let says = format!("{} saves are announced and not sent", handles.registered());
        judge.say(Check::Left, None, says);
    }
    if let Err(error) = bench.settle().await {
        judge.say(Check::Left, None, error.to_string());
    }
    Ok((judge.found, judge.steps))
}
