//! Histories at random, from a seed.

use fastrand::Rng;
use touchable_tests::Backend;

use crate::{
    history::{
        Action, From, History, How, Isolation, Nest, Order, Quiet, Relation, Row, Set, Stamp, Step, What,
        Write, Writer,
    },
    schema::Schema,
};

/// How the writers of a random history meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One after the other.
    Serial,
    /// The same writes on each level.
    Levels,
    /// One statement at a time.
    Stalled,
    /// As it comes.
    Free,
    /// One after the other, with futures that are dropped.
    Dropped,
    /// One statement at a time, with futures that are dropped.
    StalledDropped,
}

/// A history on this schema.
#[must_use]
pub fn history(schema: &Schema, backend: Backend, mode: Mode, seed: u64) -> History {
    let mut dice = Dice {
        rng: Rng::with_seed(seed),
        schema,
        backend,
        mode,
    };
    let order = match mode {
        Mode::Serial | Mode::Dropped => Order::Serial,
        Mode::Levels => Order::Levels,
        Mode::Stalled | Mode::StalledDropped => Order::Stalled((0..24).map(|_| dice.rng.u8(0..6)).collect()),
        Mode::Free => Order::Free,
    };
    let writers = match mode {
        Mode::Levels => 1,
        Mode::Serial | Mode::Dropped => dice.rng.usize(1..=2),
        Mode::Stalled | Mode::StalledDropped => dice.rng.usize(2..=3),
        Mode::Free => dice.rng.usize(2..=6),
    };
    History {
        schema: schema.name.to_owned(),
        order,
        writers: (0..writers).map(|_| dice.writer()).collect(),
    }
}

struct Dice<'a> {
    rng: Rng,
    schema: &'a Schema,
    backend: Backend,
    mode: Mode,
}

impl Dice<'_> {
    fn one_in(&mut self, n: u32) -> bool {
        self.rng.u32(0..n) == 0
    }

    const fn is_concurrent(&self) -> bool {
        matches!(self.mode, Mode::Stalled | Mode::StalledDropped | Mode::Free)
    }

    /// A row is read, then changed or deleted, then saved as it was read: what is stale is rare otherwise.
    fn stale(&mut self, steps: &mut Vec<Step>) {
        let row = self.row();
        let of = &self.schema.tables[row.0 as usize];
        let leading: Vec<u8> = (0..)
            .zip(&of.columns[of.key..])
            .filter(|(_, column)| column.leads)
            .map(|(at, _)| at)
            .collect();
        steps.push(Step::Load(row));
        let meanwhile = match leading.as_slice() {
            _ if self.one_in(8) => What::Delete(row, From::Fresh),
            [] => What::Update(row, From::Fresh, How::Update, self.sets(row.0), Stamp::No),
            leading => {
                let at = leading[self.rng.usize(0..leading.len())];
                let sets = vec![(at, self.rng.u8(0..3))];
                What::Update(row, From::Fresh, How::Update, sets, Stamp::No)
            }
        };
        steps.push(Step::Write(Write::of(meanwhile)));
        if self.one_in(2) {
            steps.push(Step::Begin(Isolation::Default));
        }
        let from = if self.one_in(4) { From::Reset } else { From::Loaded };
        let saved = What::Update(row, from, How::Update, self.sets(row.0), Stamp::No);
        steps.push(Step::Write(Write::of(saved)));
    }

    fn writer(&mut self) -> Writer {
        let touch = !self.one_in(3);
        let most = match self.mode {
            Mode::Serial | Mode::Dropped => 6,
            Mode::Levels | Mode::Stalled | Mode::StalledDropped => 3,
            Mode::Free => 5,
        };
        let mut steps = Vec::new();
        if self.mode == Mode::Serial && self.one_in(3) {
            self.stale(&mut steps);
            return Writer {
                touch,
                strict: false,
                steps,
            };
        }
        // A plain connection makes its promises for several writers inside of transactions only.
        let concurrent = self.is_concurrent();
        let transaction = self.mode != Mode::Levels && (self.one_in(2) || (concurrent && !touch));
        if transaction {
            let isolation = self.isolation();
            steps.push(Step::Begin(isolation));
            // What reads first has a snapshot that is older than its locks, where the isolation keeps one.
            if concurrent && self.one_in(2) {
                steps.push(Step::Load(self.row()));
            }
        }
        let mut depth = usize::from(transaction);
        for _ in 0..self.rng.usize(1..=most) {
            match self.rng.u32(0..16) {
                0 if self.mode == Mode::Serial && depth < 3 => {
                    let isolation = self.isolation();
                    steps.push(Step::Begin(isolation));
                    depth += 1;
                }
                1 if depth > 1 || (depth == 1 && !concurrent) => {
                    steps.push(if self.one_in(2) {
                        Step::Commit
                    } else {
                        Step::Rollback
                    });
                    depth -= 1;
                }
                2 if depth > 0 => steps.push(Step::AfterCommit),
                3 | 4 => steps.push(Step::Load(self.row())),
                5 if depth > 0 && concurrent && self.backend != Backend::Sqlite => {
                    steps.push(Step::Lock(self.row()));
                }
                _ => {
                    let write = self.write(touch && self.mode != Mode::Levels);
                    // What is loaded early is stale by now.
                    if let What::Update(row, From::Loaded | From::Reset, ..) = &write.what
                        && self.one_in(2)
                    {
                        let at = self.rng.usize(0..=steps.len());
                        steps.insert(at, Step::Load(*row));
                    }
                    steps.push(Step::Write(write));
                }
            }
        }
        if depth > 0 && self.one_in(8) {
            steps.push(Step::Rollback);
        }
        Writer {
            touch,
            strict: touch && self.one_in(6),
            steps,
        }
    }

    fn isolation(&mut self) -> Isolation {
        match self.rng.u32(0..8) {
            0 => Isolation::ReadCommitted,
            1 => Isolation::RepeatableRead,
            2 => Isolation::Serializable,
            _ => Isolation::Default,
        }
    }

    fn table(&mut self) -> u8 {
        u8::try_from(self.rng.usize(0..self.schema.tables.len())).expect("few tables")
    }

    fn number(&mut self, table: u8) -> u8 {
        let rows = self.schema.tables[table as usize].keys.len();
        // The first rows more often, so that writes meet.
        let most = match self.rng.u32(0..4) {
            0 | 1 if self.is_concurrent() => 1,
            0..=2 => rows.min(2),
            _ => rows,
        };
        u8::try_from(self.rng.usize(0..most)).expect("few rows")
    }

    fn row(&mut self) -> Row {
        let table = self.table();
        Row(table, self.number(table))
    }

    fn sets(&mut self, table: u8) -> Vec<Set> {
        let of = &self.schema.tables[table as usize];
        let width = of.columns.len() - of.key;
        let mut sets = Vec::new();
        for _ in 0..self.rng.usize(1..=3) {
            let at = self.rng.usize(0..width);
            let values = of.columns[of.key + at].values.len().max(1);
            let value = self.rng.usize(0..values);
            sets.push((
                u8::try_from(at).expect("few columns"),
                u8::try_from(value).expect("few values"),
            ));
        }
        sets
    }

    fn numbers(&mut self, table: u8) -> Vec<u8> {
        let mut rows: Vec<u8> = (0..self.rng.usize(0..=3)).map(|_| self.number(table)).collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    fn from(&mut self) -> From {
        match self.rng.u32(0..8) {
            0 | 1 => From::Partial,
            2 => From::Reset,
            3..=5 => From::Loaded,
            _ => From::Fresh,
        }
    }

    fn stamp(&mut self) -> Stamp {
        match self.rng.u32(0..14) {
            0 => Stamp::Now,
            1 => Stamp::Repeated,
            2 => Stamp::Old,
            _ => Stamp::No,
        }
    }

    /// Sets, or none: SeaORM passes by what is unchanged.
    fn few(&mut self, table: u8) -> Vec<Set> {
        if self.one_in(2) {
            self.sets(table)
        } else {
            Vec::new()
        }
    }

    fn nest(&mut self, table: u8) -> Nest {
        let nesting = self.schema.tables[table as usize]
            .nesting
            .expect("a nested table");
        let mut whiches: Vec<u8> = (0..4).collect();
        self.rng.shuffle(&mut whiches);
        whiches.truncate(self.rng.usize(1..=2));
        let relations = whiches.into_iter().map(|which| {
            let of = u8::try_from(nesting.table(which)).expect("few tables");
            let numbers = self.numbers(of).into_iter();
            Relation {
                which,
                replace: self.one_in(2),
                rows: numbers.map(|row| (row, self.few(of))).collect(),
            }
        });
        let relations = relations.collect();
        let action = match self.rng.u32(0..4) {
            0 | 1 => Action::Save,
            2 => Action::Insert,
            _ => Action::Update,
        };
        Nest {
            action,
            sets: self.few(table),
            relations,
        }
    }

    fn bypass(&mut self, row: Row) -> What {
        let sets = self.sets(row.0);
        if self.one_in(2) {
            What::Bypass(row, sets)
        } else {
            What::Raw(row, sets)
        }
    }

    fn what(&mut self, touch: bool) -> What {
        let tables = self.schema.tables.iter();
        let nests = (0..).zip(tables).find(|(_, table)| table.nesting.is_some());
        if let Some((table, _)) = nests
            && self.one_in(3)
        {
            return What::Nest(Row(table, self.number(table)), self.nest(table));
        }
        let row = self.row();
        let table = row.0;
        match self.rng.u32(0..30) {
            0..=2 => What::Insert(row, self.sets(table), self.stamp()),
            3 | 4 => What::Delete(row, self.from()),
            5 => {
                let rows = self.numbers(table);
                let rows = rows
                    .into_iter()
                    .map(|row| (row, self.sets(table)))
                    .collect::<Vec<_>>();
                if rows.is_empty() {
                    What::Touch(row)
                } else {
                    let conflict = self.one_in(2).then(|| {
                        let of = &self.schema.tables[table as usize];
                        let width = of.columns.len() - of.key;
                        let mut columns: Vec<u8> = (0..self.rng.usize(1..=2))
                            .map(|_| u8::try_from(self.rng.usize(0..width)).expect("few columns"))
                            .collect();
                        if self.one_in(2) {
                            columns.push(u8::MAX);
                        }
                        columns.sort_unstable();
                        columns.dedup();
                        columns
                    });
                    What::InsertMany(table, rows, conflict)
                }
            }
            6 | 7 => What::UpdateMany(table, self.numbers(table), self.sets(table)),
            8 => What::DeleteMany(table, vec![row.1]),
            9 => What::Touch(row),
            10 => What::TouchAll(table, self.numbers(table)),
            11 => self.bypass(row),
            12..=17 if self.schema.tables[table as usize].nesting.is_some() => {
                What::Nest(row, self.nest(table))
            }
            _ => {
                let how = match self.rng.u32(0..8) {
                    0 if touch => How::WithoutReturning,
                    1 | 2 => How::Save,
                    _ => How::Update,
                };
                What::Update(row, self.from(), how, self.sets(table), self.stamp())
            }
        }
    }

    fn write(&mut self, touch: bool) -> Write {
        let what = self.what(touch);
        let quiet = match self.rng.u32(0..24) {
            0 => Quiet::All,
            1 => Quiet::On(self.table()),
            _ => Quiet::No,
        };
        let drops = matches!(self.mode, Mode::Dropped | Mode::StalledDropped);
        let dropped = (drops && self.one_in(4)).then(|| self.rng.u8(0..8));
        Write { what, quiet, dropped }
    }
}
