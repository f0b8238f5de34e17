//! Judges each step by what is stored before and after it, and beside the same step on SeaORM alone.

use std::collections::BTreeSet;

use sea_orm::DbErr;

use crate::{
    bench::Bench,
    failure::FailureKind,
    history::Step,
    player::{Ended, Player},
    schema::Schema,
    scope::{Scope, changed},
    serial::Moved,
    state::{Fragment, State},
    violation::{Check, Violation},
};

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
                    Some(outer) if kept => outer.take(scope),
                    _ => {}
                }
                if self.scopes.is_empty() {
                    self.scopes.push(Scope::default());
                }
            }
            Step::Write(write) => {
                if let (Some(before), false) = (before, player.has_failed()) {
                    let after = State::read(self.schema(), player.link()).await?;
                    let scope = self.scopes.last_mut().expect("a scope");
                    scope.learn(self.bench, write, [before, after], player.link(), &ended);
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

    /// Judges what is committed since the last time.
    async fn judge(&mut self, at: (usize, usize)) -> Result<(), DbErr> {
        let now = self.bench.state().await?;
        let base = std::mem::replace(&mut self.base, now.clone());
        let scope = std::mem::take(&mut self.scopes[0]);
        let schema = &self.bench.schema;
        let moved = base.moved(&now);
        let explains = scope.explains(schema, &now);
        let surplus: BTreeSet<_> = moved.difference(&explains).cloned().collect();
        let stale: BTreeSet<_> = changed(schema, &base, &now)
            .filter(|fragment| !moved.contains(fragment) && !scope.may_stay(fragment))
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
        let idle = scope.is_idle();
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
        let unnoticed = player.unnoticed.iter();
        self.found
            .extend(unnoticed.map(|step| Violation::unnoticed((writer, *step))));
    }
}
