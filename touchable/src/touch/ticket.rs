//! What `before_save` leaves for its `after_save`, found again by the stamp that the save wrote.
//!
//! A stamp is unique in the process and comes back in the saved row, so that a note can only be taken by the save that
//! left it. The note of a save that failed or was dropped is never asked for; the oldest make room when there are many.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::plan::Key;
use crate::{Clock, Stamp};

/// How many notes are kept. Each waits for one statement only, so this many are never in use at a time; a note that
/// had to go makes its save touch too much, never too little.
const CAPACITY: usize = 16_384;

/// The rules that a save fired.
#[derive(Clone, Debug, Default)]
pub(crate) struct Note {
    pub fired: Vec<Fired>,
    /// The connection has seen to the touches together with the save.
    pub done: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Fired {
    /// The rule's place in the declaration.
    pub rule: usize,
    /// The association's key before the save, where the save changed it.
    pub former: Option<Key>,
}

/// What is known of a save when its row comes back.
#[derive(Debug)]
pub(crate) enum Found {
    Note(Note),
    /// The save had nothing to write, or its touches have been seen to.
    Nothing,
    /// The row came back with another stamp than was written. Every rule may be concerned, and whatever other saves of
    /// the row under way have fired.
    Lost(Vec<Fired>),
    /// The column cut digits off the stamp.
    Coarse,
}

/// The stamp that a save wrote, and the table.
type Ticket = (Stamp, &'static str);

#[derive(Debug, Default)]
struct Tickets {
    notes: BTreeMap<Ticket, Vec<(Option<Key>, Note)>>,
    /// Updates under way that set nothing, by table and key.
    idle: BTreeMap<(&'static str, String), usize>,
}

static TICKETS: Mutex<Tickets> = Mutex::new(Tickets {
    notes: BTreeMap::new(),
    idle: BTreeMap::new(),
});

fn tickets() -> MutexGuard<'static, Tickets> {
    TICKETS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Leaves a note for the save that writes this stamp.
pub(crate) fn leave(stamp: Stamp, table: &'static str, key: Option<Key>, note: Note) {
    let mut tickets = tickets();
    tickets.notes.entry((stamp, table)).or_default().push((key, note));
    if tickets.notes.len() > CAPACITY {
        tickets.notes.pop_first();
    }
}

/// Remembers that an update of this row set nothing.
pub(crate) fn leave_idle(table: &'static str, key: &Key) {
    let mut tickets = tickets();
    *tickets.idle.entry((table, format!("{key:?}"))).or_default() += 1;
    if tickets.idle.len() > CAPACITY {
        tickets.idle.pop_first();
    }
}

/// Takes the note of the save whose row came back with this stamp.
pub(crate) fn take(stamp: Option<Stamp>, table: &'static str, key: &Key) -> Found {
    let mut tickets = tickets();
    if let Some(note) = stamp.and_then(|stamp| tickets.take_exact(stamp, table)) {
        return Found::Note(note);
    }
    if let Some(cut) = stamp.and_then(|stamp| tickets.find_cut(stamp, table, key)) {
        tickets.notes.remove(&cut);
        return Found::Coarse;
    }
    let settled = tickets.take_idle(table, key) || tickets.take_done(table, key);
    if settled && !tickets.is_busy(table, key) {
        return Found::Nothing;
    }
    let waiting = tickets.waiting(table, key);
    tickets.forget_stale(table, key);
    Found::Lost(waiting)
}

/// Takes the note of a delete, which carries its ticket with it.
pub(crate) fn take_exact(stamp: Stamp, table: &'static str) -> Option<Note> {
    tickets().take_exact(stamp, table)
}

/// Says that the touches of the save with this stamp have been seen to.
pub(crate) fn mark_done(stamp: Stamp, table: &'static str) {
    if let Some([(_, note)]) = tickets().notes.get_mut(&(stamp, table)).map(Vec::as_mut_slice) {
        note.done = true;
    }
}

impl Tickets {
    fn take_exact(&mut self, stamp: Stamp, table: &'static str) -> Option<Note> {
        let notes = self.notes.get_mut(&(stamp, table))?;
        // Two saves can share a stamp only when the application set it: then each acts for both.
        let fired = notes
            .iter()
            .filter(|(_, note)| !note.done)
            .flat_map(|(_, note)| note.fired.clone())
            .collect();
        let done = notes.iter().all(|(_, note)| note.done);
        notes.remove(0);
        if notes.is_empty() {
            self.notes.remove(&(stamp, table));
        }
        Some(Note { fired, done })
    }

    /// The ticket of this row whose last digits the column has cut off. Stamps never end in zero, so a value that
    /// does was not written as it stands.
    fn find_cut(&self, stamp: Stamp, table: &'static str, key: &Key) -> Option<Ticket> {
        const SECOND: i64 = 1_000_000;
        let cut = stamp.as_micros();
        if cut % 1_000 != 0 {
            return None;
        }
        let around = (Stamp::from_micros(cut - SECOND), "")..(Stamp::from_micros(cut + SECOND), "");
        self.notes
            .range(around)
            .find(|((_, of), notes)| {
                *of == table
                    && notes
                        .iter()
                        .any(|(owner, _)| owner.as_ref().is_none_or(|owner| owner == key))
            })
            .map(|(ticket, _)| *ticket)
    }

    fn take_idle(&mut self, table: &'static str, key: &Key) -> bool {
        let place = (table, format!("{key:?}"));
        let Some(count) = self.idle.get_mut(&place) else {
            return false;
        };
        *count -= 1;
        if *count == 0 {
            self.idle.remove(&place);
        }
        true
    }

    /// Takes the word of any save of this row that its touches have been seen to: they are all alike.
    fn take_done(&mut self, table: &'static str, key: &Key) -> bool {
        let done = self
            .of_row(table, key)
            .find(|(_, notes)| notes.iter().all(|(_, note)| note.done))
            .map(|(ticket, _)| *ticket);
        done.and_then(|(stamp, _)| self.take_exact(stamp, table))
            .is_some()
    }

    /// Whether saves of the row are under way that see to their touches themselves. While there are, a row with a
    /// strange stamp may be one of theirs, rewritten by the database.
    fn is_busy(&self, table: &'static str, key: &Key) -> bool {
        self.of_row(table, key)
            .any(|(_, notes)| notes.iter().any(|(_, note)| !note.done))
    }

    /// What the saves of a row that are under way have fired. The notes stay: each is its own save's to take.
    fn waiting(&self, table: &'static str, key: &Key) -> Vec<Fired> {
        let notes = self.of_row(table, key).flat_map(|(_, notes)| notes);
        notes
            .filter(|(_, note)| !note.done)
            .flat_map(|(_, note)| note.fired.clone())
            .collect()
    }

    /// Drops the notes of a row that nobody will take any more, after a minute.
    fn forget_stale(&mut self, table: &'static str, key: &Key) {
        const MINUTE: i64 = 60_000_000;
        let before = Stamp::from_micros(Clock::current().stamp().as_micros() - MINUTE);
        let stale: Vec<Ticket> = self
            .of_row(table, key)
            .map(|(ticket, _)| *ticket)
            .filter(|(stamp, _)| *stamp < before)
            .collect();
        for ticket in stale {
            self.notes.remove(&ticket);
        }
    }

    fn of_row<'a>(
        &'a self,
        table: &'static str,
        key: &'a Key,
    ) -> impl Iterator<Item = (&'a Ticket, &'a Vec<(Option<Key>, Note)>)> {
        self.notes.iter().filter(move |((_, of), notes)| {
            *of == table && notes.iter().any(|(owner, _)| owner.as_ref() == Some(key))
        })
    }
}
