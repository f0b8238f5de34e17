//! Bytes from a shared store, as whatever type they are asked for.

#![no_main]

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use serde::{Deserialize, Serialize};
use touchable::__private::probe;

const KEY: &str = "cache:n";
/// Small, so that what runs into it does so soon.
const LIMIT: usize = 1 << 14;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Tree {
    End,
    Number(i128),
    Deeper(Box<Tree>),
    Many(Vec<Tree>),
    Named { name: String, inner: Option<Box<Tree>> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Nothing;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Card {
    title: String,
    tags: Vec<String>,
    nothings: Vec<Nothing>,
    bulky: Vec<Option<[u64; 16]>>,
    boxed: Vec<Option<Box<[u64; 16]>>>,
    map: BTreeMap<String, Vec<u8>>,
    tree: Tree,
    letter: char,
    float: f64,
    result: Result<(u8, i64), Option<bool>>,
}

fn card(text: &str) -> Card {
    Card {
        title: text.to_owned(),
        tags: text.split(' ').map(str::to_owned).collect(),
        nothings: vec![Nothing; text.len() % 5],
        bulky: vec![None, Some([7; 16])],
        boxed: vec![Some(Box::new([1; 16])), None],
        map: BTreeMap::from([(text.to_owned(), text.as_bytes().to_vec())]),
        tree: Tree::Named {
            name: text.to_owned(),
            inner: Some(Box::new(Tree::Many(vec![Tree::Number(-5), Tree::Deeper(Box::new(Tree::End))]))),
        },
        letter: 'x',
        float: 0.5,
        result: Err(Some(true)),
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((&way, rest)) = input.split_first() else { return };
    match way % 4 {
        // An entry, with its checksum and past it.
        0 => {
            let bytes = Bytes::copy_from_slice(rest);
            for checked in [true, false] {
                let value: Option<Card> = probe::value(KEY, bytes.clone(), LIMIT, checked);
                drop(value);
                let len = probe::text_or_bytes(KEY, bytes.clone(), LIMIT, checked);
                assert!(len.is_none_or(|len| len <= LIMIT));
                let held = probe::inspected(KEY, bytes.clone(), LIMIT, checked);
                assert!(held.is_none_or(|held| held <= LIMIT && len.is_none_or(|len| len == held)));
            }
        }
        // A valid entry, damaged: a miss, or the value that was stored.
        1 => {
            let Some((text, edits)) = rest.split_at_checked(rest.len() / 2) else { return };
            let stored = card(&String::from_utf8_lossy(text));
            let Some(entry) = probe::entry(KEY, &stored, LIMIT) else { return };
            let mut damaged = entry.to_vec();
            for edit in edits.chunks_exact(3) {
                let at = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % damaged.len();
                damaged[at] ^= edit[2];
            }
            let is_whole = damaged == entry;
            let read: Option<Card> = probe::value(KEY, damaged.clone().into(), LIMIT, true);
            assert_eq!(read.is_some(), is_whole, "a damaged entry is a miss");
            assert!(read.is_none_or(|read| read == stored));
            let unchecked: Option<Card> = probe::value(KEY, damaged.into(), LIMIT, false);
            drop(unchecked);
            assert!(probe::value::<Card>("cache:m", entry, LIMIT, true).is_none());
        }
        // A payload, as several types.
        2 => {
            let bytes = Bytes::copy_from_slice(rest);
            let _ = probe::payload_as::<Card>(bytes.clone(), LIMIT);
            let _ = probe::payload_as::<Tree>(bytes.clone(), LIMIT);
            let _ = probe::payload_as::<Vec<Nothing>>(bytes.clone(), LIMIT);
            let _ = probe::payload_as::<HashMap<(), ()>>(bytes.clone(), LIMIT);
            let _ = probe::payload_as::<Vec<Vec<Vec<u64>>>>(bytes.clone(), LIMIT);
            let _ = probe::payload_as::<Vec<Option<[u64; 32]>>>(bytes, LIMIT);
        }
        // A value, there and back.
        _ => {
            let stored = card(&String::from_utf8_lossy(rest));
            if let Some(entry) = probe::entry(KEY, &stored, LIMIT) {
                assert_eq!(probe::value(KEY, entry, LIMIT, true), Some(stored));
            }
        }
    }
});
