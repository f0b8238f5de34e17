//! Judges each step by what is stored before and after it, and beside the same step on SeaORM alone.

use std::collections::BTreeSet;

use sea_orm::DbErr;

use crate::{
    bench::Bench,
    failure::FailureKind,
    history::{How, Quiet, Stamp, Step, What, Write},
    model::{Change, ChangeKind, changes, content, explained},
    player::{Ended, Player},
    schema::Schema,
    serial::Moved,
    state::{Fragment, State},
    violation::{Check, Violation},
};

/// What happened in a transaction or savepoint so far.
#[derive(Debug, Default)]
struct Scope {
    /// Changes, where they were seen, and what suppression lets them touch.
    changes: Vec<(Vec<Change>, [State; 2], Quiet)>,
    /// Whether a save changed nothing.
    idle: bool,
    /// Fragments that may stay although what they show has changed.
    exempt: BTreeSet<Fragment>,
    /// Fragments that may move although nothing has changed.
    allowed: BTreeSet<Fragment>,
}

/// Judges the steps of a history, one after the other.
pub struct Judge<'a> {
    bench: &'a Bench,
    /// What was found.
    pub found: Vec<Violation>,
    /// A dropped step leaves open whether it is stored: the twin then knows no more than we do.
    adrift: bool,
    /// The one of the transaction, and of each savepoint.
    scopes: Vec<Scope>,
    /// What was stored before the transaction, or the step.
    base: State,
    /// What moved at the last judgement, and what each write of the history has moved.
    moved: BTreeSet<Fragment>,
    /// What each write has moved.
    pub steps: Vec<Moved>,
}

impl<'a> Judge<'a> {
    /// Begins with what is stored now.
    ///
    /// # Errors
    ///
    /// When the database refuses.
    pub async fn new(bench: &'a Bench) -> Result<Self, DbErr> {
        Ok(Self {
            bench,
            found: Vec::new(),
            adrift: false,
            scopes: vec![Scope::default()],
            base: bench.state().await?,
            moved: BTreeSet::new(),
            steps: Vec::new(),
        })
    }

    fn schema(&self) -> &Schema {
        &self.bench.schema
    }

    /// Notes a violation.
    pub fn say(&mut self, check: Check, after: Option<(usize, usize)>, says: String) {
        self.found.push(Violation::new(check, after, says));
    }

    fn say_of(
        &mut self,
        check: Check,
        after: (usize, usize),
        idle: bool,
        fragments: BTreeSet<Fragment>,
        says: &str,
    ) {
        let names: Vec<_> = fragments.iter().map(|fragment| self.spell(fragment)).collect();
        self.found.push(Violation {
            check,
            after: Some(after),
            idle,
            says: format!("{says} {}", names.join(", ")),
            fragments: fragments.into_iter().collect(),
        });
    }

    fn spell(&self, ((table, key), at): &Fragment) -> String {
        let table = &self.schema().tables[*table];
        let column = table.keyed().nth(*at).unwrap_or_default();
        format!("{} {key} ({column})", table.name)
    }

    /// Begins with the next writer.
    ///
    /// # Errors
    ///
    /// When the database refuses.
    pub async fn begin(&mut self) -> Result<(), DbErr> {
        self.base = self.bench.state().await?;
        self.scopes = vec![Scope::default()];
        Ok(())
    }

    /// Does a step, on the database and on its twin, and judges what is committed by it.
    ///
    /// # Errors
    ///
    /// When the database refuses something of ours.
    pub async fn step(
        &mut self,
        at: (usize, usize),
        step: &Step,
        player: &mut Player<'_>,
        twin: &mut Player<'_>,
    ) -> Result<(), DbErr> {
        let before = if player.has_failed() {
            None
        } else {
            Some(State::read(self.schema(), player.link()).await?)
        };
        let depth = (player.in_transaction(), player.has_failed());
        let ended = player.step(at.1, step).await;
        let expected = twin.step(at.1, step).await;
        self.compare_ends(at, step, &ended, &expected);
        if matches!(ended, Ended::Dropped) {
            self.adrift = true;
            if !player.in_transaction() {
                self.bench.settle().await?;
            }
        }
        match step {
            Step::Begin(_) if matches!(ended, Ended::Well) => self.scopes.push(Scope::default()),
            Step::Commit | Step::Rollback if depth.0 => {
                let scope = self.scopes.pop().unwrap_or_default();
                let kept = matches!(step, Step::Commit) && !depth.1 && matches!(ended, Ended::Well);
                match self.scopes.last_mut() {
                    Some(outer) if kept => {
                        outer.changes.extend(scope.changes);
                        outer.idle |= scope.idle;
                        outer.exempt.extend(scope.exempt);
                        outer.allowed.extend(scope.allowed);
                    }
                    _ => {}
                }
                if self.scopes.is_empty() {
                    self.scopes.push(Scope::default());
                }
            }
            Step::Write(write) => {
                if let (Some(before), false) = (before, player.has_failed()) {
                    let after = State::read(self.schema(), player.link()).await?;
                    self.learn(write, before, after, player.link().is_touch(), &ended);
                }
            }
            _ => {}
        }
        if matches!(step, Step::Write(_)) {
            self.steps.push(matches!(ended, Ended::Well).then(BTreeSet::new));
        }
        if twin.has_failed() && !player.has_failed() {
            // Our bulk writes go back to a savepoint where SeaORM alone loses the transaction.
            self.adrift = true;
        }
        if !player.in_transaction() {
            self.judge(at).await?;
            if let Some(Some(last)) = self.steps.last_mut() {
                last.append(&mut self.moved);
            }
            if !self.adrift {
                self.compare_states(at, player, twin).await?;
            }
        } else if !player.has_failed() && !twin.has_failed() && !self.adrift {
            self.compare_states(at, player, twin).await?;
        }
        Ok(())
    }

    /// Notes what a write has changed, and what that may move.
    fn learn(&mut self, write: &Write, before: State, after: State, touch: bool, ended: &Ended) {
        let schema = &self.bench.schema;
        let number = write.what.table() as usize % schema.tables.len();
        let mut changes = changes(schema, number, &before, &after);
        let idle = changes.is_empty() && matches!(write.what, What::Update(..));
        let mut allowed = BTreeSet::new();
        let mut exempt = BTreeSet::new();
        let touched = |row: &u8| Change {
            row: self.bench.name(write.what.table(), *row).clone(),
            kind: ChangeKind::Touched,
        };
        match &write.what {
            What::Update(row, _, how, _, stamp) => {
                if *stamp != Stamp::No || !touch {
                    // Stamped all the same; on a plain connection as SeaORM does it.
                    changes.push(touched(&row.1));
                }
                if !touch && *how == How::WithoutReturning {
                    exempt.extend(explained(schema, &[&before, &after], &changes, |_| false));
                }
            }
            What::Touch(row) => changes.push(touched(&row.1)),
            What::TouchAll(_, rows) if rows.is_empty() => {
                changes.extend(after.of(number).map(|(name, _)| Change {
                    row: name.clone(),
                    kind: ChangeKind::Touched,
                }));
            }
            What::TouchAll(_, rows) => changes.extend(rows.iter().map(touched)),
            What::Bypass(..) => {
                exempt.extend(explained(schema, &[&before, &after], &changes, |_| false));
                changes.clear();
            }
            _ => {}
        }
        if write.quiet != Quiet::No {
            exempt.extend(explained(schema, &[&before, &after], &changes, |_| false));
        }
        if matches!(ended, Ended::Dropped) && !touch && self.scopes.len() == 1 {
            // Level 1: a save may be stored without its touches.
            exempt.extend(explained(schema, &[&before, &after], &changes, |_| false));
            allowed.extend(exempt.iter().cloned());
        }
        if matches!(ended, Ended::Badly(_)) && !touch {
            // Level 1 touches before a delete, level 2 before any statement, which then may fail.
            allowed.extend(fragments(&before, &after));
            exempt.extend(fragments(&before, &after));
        }
        let scope = self.scopes.last_mut().expect("a scope");
        scope.changes.push((changes, [before, after], write.quiet));
        scope.idle |= idle;
        scope.exempt.extend(exempt);
        scope.allowed.extend(allowed);
    }

    /// Judges what is committed since the last time.
    async fn judge(&mut self, at: (usize, usize)) -> Result<(), DbErr> {
        let now = self.bench.state().await?;
        let base = std::mem::replace(&mut self.base, now.clone());
        let scope = std::mem::take(&mut self.scopes[0]);
        let schema = &self.bench.schema;
        let moved = base.moved(&now);
        let mut explains = scope.allowed;
        for (changes, [before, after], quiet) in &scope.changes {
            let is_quiet = |table: usize| match quiet {
                Quiet::No => false,
                Quiet::All => true,
                Quiet::On(other) => table == *other as usize % schema.tables.len(),
            };
            explains.extend(explained(schema, &[before, after, &now], changes, is_quiet));
        }
        let surplus: BTreeSet<_> = moved.difference(&explains).cloned().collect();
        let stale: BTreeSet<_> = fragments(&base, &now)
            .filter(|fragment| !moved.contains(fragment) && !scope.exempt.contains(fragment))
            .filter(|fragment| content(schema, &base, fragment) != content(schema, &now, fragment))
            .collect();
        let fell: BTreeSet<_> = moved
            .iter()
            .filter(|(name, at)| {
                *at < schema.tables[name.0].stamps.len()
                    && base.rows[name].keys[*at].is_some()
                    && now.rows[name].keys[*at] < base.rows[name].keys[*at]
            })
            .cloned()
            .collect();
        let idle = scope.idle;
        for (check, fragments, says) in [
            (
                Check::Stale,
                stale,
                "what is shown has changed, and its key has not:",
            ),
            (Check::Surplus, surplus, "moved, and nothing explains it:"),
            (Check::Fell, fell, "moved backwards:"),
        ] {
            if !fragments.is_empty() {
                self.say_of(check, at, idle, fragments, says);
            }
        }
        self.moved = moved;
        Ok(())
    }

    fn compare_ends(&mut self, at: (usize, usize), step: &Step, ended: &Ended, expected: &Ended) {
        if self.adrift || matches!(step, Step::AfterCommit) {
            return;
        }
        let (check, says) = match (ended, expected) {
            (Ended::Badly(failure), Ended::Well) if failure.kind == FailureKind::Contention => {
                (Check::Contention, failure.says.clone())
            }
            (Ended::Badly(failure), Ended::Well) => (Check::Failed, failure.says.clone()),
            (Ended::Well, Ended::Badly(failure)) => (
                Check::Succeeded,
                format!("SeaORM alone answers: {}", failure.says),
            ),
            _ => return,
        };
        self.say(check, Some(at), says);
        // What is stored then differs of course.
        self.adrift = true;
    }

    /// What is stored has to be what SeaORM alone would have stored.
    async fn compare_states(
        &mut self,
        at: (usize, usize),
        player: &Player<'_>,
        twin: &Player<'_>,
    ) -> Result<(), DbErr> {
        let here = State::read(self.schema(), player.link()).await?;
        let there = State::read(self.schema(), twin.link()).await?;
        let shown = |state: &State| -> Vec<_> {
            let rows = state.rows.iter();
            rows.map(|(name, stored)| format!("{name:?}: {:?}", stored.content))
                .collect()
        };
        let (here, there) = (shown(&here), shown(&there));
        if here != there {
            let odd = |rows: &[String], others: &[String]| -> Vec<String> {
                rows.iter().filter(|row| !others.contains(row)).cloned().collect()
            };
            let says = format!(
                "stored is {:?}, where SeaORM alone stores {:?}",
                odd(&here, &there),
                odd(&there, &here)
            );
            self.say(Check::Stored, Some(at), says);
            // One difference is enough.
            self.adrift = true;
        }
        Ok(())
    }

    /// Judges what a writer leaves.
    pub fn end(&mut self, writer: usize, player: &Player<'_>) {
        let (ran, due) = player.after_commit();
        if ran != due {
            let says = format!("work of the steps {ran:?} ran, it should have been that of {due:?}");
            self.found
                .push(Violation::new(Check::AfterCommit, Some((writer, 0)), says));
        }
        if player.false_commits > 0 && player.link().is_touch() {
            let says = "the commit says that all is well; the server had rolled back";
            self.found
                .push(Violation::new(Check::FalseCommit, Some((writer, 0)), says));
        }
    }
}

/// The fragments of rows that are in both.
pub fn fragments<'a>(base: &'a State, now: &'a State) -> impl Iterator<Item = Fragment> + 'a {
    base.both(now)
        .flat_map(|(name, old, _)| (0..old.keys.len()).map(|at| (name.clone(), at)))
}
