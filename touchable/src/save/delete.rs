//! What a row that is to be deleted is associated with.

use super::hooks::{active_rules, known};
use crate::{
    entity::{Event, Key, Touchable, key_of_model},
    touch::{Entry, Values, sides},
};

/// What a row that is to be deleted leads to while it is there.
pub(crate) fn children_of<E: Touchable>(stored: &E::Model, key: &Key) -> Vec<Entry> {
    let rules = active_rules::<E>(Event::Delete).filter(|rule| !rule.belongs_to());
    known::<E>(rules.map(|rule| {
        let values = Values {
            row: Some(key.clone()),
            row_table: Some(E::schema()),
            current: key_of_model(stored, rule.key()).into_iter().collect(),
            former: Vec::new(),
        };
        (rule, values)
    }))
}

/// What a row that is to be deleted belongs to, which is touched once it is gone.
pub(crate) fn parents_of<E: Touchable>(stored: &E::Model, key: &Key) -> Vec<Entry> {
    active_rules::<E>(Event::Delete)
        .filter(|rule| rule.belongs_to())
        .filter_map(|rule| {
            if rule.is_conditional() {
                return Some(sides::stored(E::schema(), rule, key));
            }
            Some(Entry::parent(
                E::schema(),
                rule,
                key_of_model(stored, rule.key())?,
            ))
        })
        .collect()
}
