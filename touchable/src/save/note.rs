//! What `before_save` leaves for its `after_save` on a plain connection.
//!
//! The two are one future, which borrows its connection until it ends: the address of that reference, the task, the table and
//! the key say which save it is, whatever stamp it writes. The note of a save that failed or was dropped is never asked for;
//! the oldest make room when there are many.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    clock::Stamp,
    connection::Runner,
    entity::Key,
    touch::{Entry, Fired},
};

/// How many notes are kept. Each waits for one statement only, so this many are never in use at a time; a note that had to
/// go makes its save touch too much, never too little.
const CAPACITY: usize = 4_096;

/// Which save it is.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The address of the connection, as the hooks have it.
    connection: usize,
    runner: Runner,
    table: &'static str,
    /// None for an insert, whose key may be left to the database.
    key: Option<Key>,
}

/// What a save leaves.
#[derive(Clone, Debug, Default)]
pub(super) struct Note {
    /// The stamp that it writes; none when it writes nothing.
    pub stamp: Option<Stamp>,
    /// The rules that it has fired, and that are still to be followed.
    pub fired: Vec<Fired>,
    /// Rows that are associated no more.
    pub entries: Vec<Entry>,
}

static NOTES: Mutex<VecDeque<(Place, Note)>> = Mutex::new(VecDeque::new());

fn notes() -> MutexGuard<'static, VecDeque<(Place, Note)>> {
    NOTES.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Place {
    pub(super) fn of<C>(db: &C, table: &'static str, key: Option<&Key>) -> Self {
        Self {
            connection: std::ptr::from_ref(db).addr(),
            runner: Runner::current(),
            table,
            key: key.cloned(),
        }
    }

    fn is(&self, other: &Self) -> bool {
        self.connection == other.connection
            && (self.runner == other.runner || self.runner.may_be(other.runner))
            && self.table == other.table
            && self.key == other.key
    }
}

pub(super) fn leave(place: Place, note: Note) {
    let mut notes = notes();
    if notes.len() >= CAPACITY {
        notes.pop_front();
    }
    notes.push_back((place, note));
}

/// Takes the note of a save whose row has come back with this stamp; `None` when it is gone.
///
/// Mostly there is one. Saves that failed have left others, and so have saves of the same row that the task has joined: the
/// stamp then says which it is, or, where the database has written another stamp, the newest stands for all.
pub(super) fn take(place: &Place, stamp: Option<Stamp>) -> Option<Note> {
    let mut notes = notes();
    let here: Vec<usize> = (0..notes.len()).filter(|at| notes[*at].0.is(place)).collect();
    let exact = here
        .iter()
        .rev()
        .find(|at| stamp.is_some() && notes[**at].1.stamp == stamp);
    let newest = here.last()?;
    let at = *exact.unwrap_or(newest);
    let strange = exact.is_none() && notes[at].1.stamp.is_some();
    let (_, mut note) = notes.remove(at)?;
    if strange {
        let others = notes.iter().filter(|(other, _)| other.is(place));
        note.fired
            .extend(others.flat_map(|(_, other)| other.fired.clone()));
    }
    Some(note)
}

#[cfg(test)]
mod tests {
    use super::{Note, Place, leave, take};
    use crate::clock::Stamp;

    fn note(micros: i64) -> Note {
        Note {
            stamp: Some(Stamp::from_micros(micros)),
            ..Note::default()
        }
    }

    #[test]
    fn two_connections_never_meet() {
        let (one, other) = (1_u8, 2_u8);
        let key = vec![1.into()];
        leave(Place::of(&one, "a", Some(&key)), note(5));
        assert!(take(&Place::of(&other, "a", Some(&key)), Some(Stamp::from_micros(5))).is_none());
        assert!(take(&Place::of(&one, "b", Some(&key)), Some(Stamp::from_micros(5))).is_none());
        assert!(take(&Place::of(&one, "a", Some(&key)), Some(Stamp::from_micros(5))).is_some());
    }

    #[test]
    fn one_that_failed_is_not_taken_for_the_next() {
        let connection = 3_u8;
        let place = || Place::of(&connection, "a", None);
        leave(place(), note(5));
        leave(place(), Note::default());
        // The row has come back as somebody else has left it.
        assert!(
            take(&place(), Some(Stamp::from_micros(4)))
                .unwrap()
                .stamp
                .is_none()
        );
    }
}
