//! Which records a stored key names.

use std::collections::HashSet;

use super::namespace::CUT;

/// Whether the entry under `key` may show one of these records, each given by its key without a version. A key that was
/// cut may have lost any of them.
pub(crate) fn may_name(key: &str, records: &HashSet<String>) -> bool {
    key.contains(CUT) || named(key).any(|record| records.contains(record))
}

/// The records in a key that was not cut, without their versions, and text that reads like one: `tasks/5` is text as well
/// as a record.
fn named(key: &str) -> impl Iterator<Item = &str> {
    key.split([':', '(', ')', '~', '{', '}'])
        .filter_map(|part| match part.split_once('@') {
            Some((record, _version)) => (!record.is_empty()).then_some(record),
            None => reads_like_a_record(part).then_some(part),
        })
}

fn reads_like_a_record(part: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_%".contains(&byte);
    part.split_once('/').is_some_and(|(table, values)| {
        !table.is_empty()
            && table.bytes().all(|byte| plain(byte) || byte == b'.')
            && values.bytes().all(|byte| plain(byte) || byte == b',')
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use fastrand::Rng;

    use super::{may_name, named};
    use crate::{
        cache::{
            CacheKey, Version,
            key::{KeyWriter, MAX_KEY_BYTES, Namespace, writer::head_of},
        },
        clock::Stamp,
        error::Result,
    };

    fn all(key: &str) -> Vec<&str> {
        named(key).collect()
    }

    #[test]
    fn records_are_found_wherever_they_stand() {
        assert_eq!(all("tasks/5"), ["tasks/5"]);
        assert_eq!(all("tasks/5@00000000000000000001"), ["tasks/5"]);
        assert_eq!(
            all("fragments:(tasks/5@0001:~users/7@-002):card"),
            ["tasks/5", "users/7"]
        );
        assert_eq!(
            all("{html}:((a.tasks/1,x%2Cy@1:~~b/2@2):3):~"),
            ["a.tasks/1,x%2Cy", "b/2"]
        );
        assert_eq!(all("html:(posts/@1:tasks/)"), ["posts/", "tasks/"]);
    }

    #[test]
    fn what_merely_looks_alike_is_none() {
        for key in [
            "html:'5/7",
            "html:@00000000000000000001",
            "html:a/b/c:/5:!true:-5:~",
            "html:a,b/5:tasks/5;6:tasks/5.html",
        ] {
            assert_eq!(all(key), [""; 0], "{key}");
        }
    }

    #[test]
    fn the_whole_key_of_the_record_counts() {
        let five = HashSet::from(["tasks/5".to_owned()]);
        for key in ["tasks/5", "n:tasks/5@1", "n:(~tasks/5@1:a):card"] {
            assert!(may_name(key, &five), "{key}");
        }
        for key in [
            "tasks/51",
            "n:tasks/5,1@1",
            "n:subtasks/5@1",
            "n:a.tasks/5@1",
            "n:other/5@1",
            "n:tasks%2F5",
        ] {
            assert!(!may_name(key, &five), "{key}");
        }
    }

    #[test]
    fn a_key_that_was_cut_may_name_any() {
        let five = HashSet::from(["tasks/5".to_owned()]);
        let space = Namespace::new("n").unwrap();
        let fits = space.key(&"k".repeat(MAX_KEY_BYTES - 2)).unwrap();
        assert!(!may_name(&fits, &five));
        let cut = space.key(&("k".repeat(MAX_KEY_BYTES - 2), 5)).unwrap();
        assert!(may_name(&cut, &five));
    }

    /// A key with records in it.
    enum Any {
        Text(String),
        Number(i64),
        Option(Option<Box<Any>>),
        Parts(Vec<Any>),
        Version,
        Record(Record),
    }

    #[derive(Clone)]
    struct Record {
        schema: Option<String>,
        table: String,
        values: Vec<String>,
        version: Option<i64>,
    }

    impl CacheKey for Any {
        fn write_to(&self, key: &mut KeyWriter) -> Result<()> {
            match self {
                Self::Text(text) => text.write_to(key),
                Self::Number(number) => number.write_to(key),
                Self::Option(option) => option.write_to(key),
                Self::Parts(parts) => parts.write_to(key),
                Self::Version => Version::from(Stamp::from_micros(7)).write_to(key),
                Self::Record(record) => record.write_to(key),
            }
        }
    }

    impl CacheKey for Record {
        fn write_to(&self, key: &mut KeyWriter) -> Result<()> {
            key.head(&head_of(self.schema.as_deref(), &self.table));
            for (place, value) in self.values.iter().enumerate() {
                if place > 0 {
                    key.raw(',');
                }
                key.name(value);
            }
            if let Some(micros) = self.version {
                key.version(Stamp::from_micros(micros).into());
            }
            Ok(())
        }
    }

    fn text(random: &mut Rng) -> String {
        const SIGNS: [char; 20] = [
            'a', 'b', '5', '-', '_', '.', ',', '/', ':', '(', ')', '~', '@', '#', '%', '\'', '{', '}', ' ',
            'ä',
        ];
        (0..random.usize(..5))
            .filter_map(|_| random.choice(SIGNS))
            .collect()
    }

    fn record(random: &mut Rng) -> Record {
        Record {
            schema: random.bool().then(|| text(random)),
            table: format!("t{}", text(random)),
            values: (0..random.usize(1..3)).map(|_| text(random)).collect(),
            version: random.bool().then(|| random.i64(-3..3)),
        }
    }

    /// A key, whose records are added to `written`.
    fn any(random: &mut Rng, depth: usize, written: &mut Vec<Record>) -> Any {
        match random.usize(..if depth == 0 { 4 } else { 6 }) {
            // A slash alone would make a record of it.
            0 => Any::Text(text(random).replace('/', "//")),
            1 => Any::Number(random.i64(-20..20)),
            2 => Any::Version,
            3 => {
                let record = record(random);
                written.push(record.clone());
                Any::Record(record)
            }
            4 => {
                let inner = random.bool().then(|| Box::new(any(random, depth - 1, written)));
                Any::Option(inner)
            }
            _ => Any::Parts(
                (0..random.usize(..4))
                    .map(|_| any(random, depth - 1, written))
                    .collect(),
            ),
        }
    }

    #[test]
    fn whatever_is_written_names_what_was_written() {
        let mut random = Rng::with_seed(5);
        let space = Namespace::new("a/b/c").unwrap();
        let mut seen = 0;
        for _ in 0..20_000 {
            let mut written = Vec::new();
            let parts: Vec<Any> = (0..4).map(|_| any(&mut random, 2, &mut written)).collect();
            let key = space.key(&("k", parts)).unwrap();
            if key.contains('#') {
                continue;
            }
            let alone = |record: &Record| {
                KeyWriter::spell(|key| {
                    Record {
                        version: None,
                        ..record.clone()
                    }
                    .write_to(key)
                })
            };
            let expected: Vec<String> = written.iter().map(|record| alone(record).unwrap()).collect();
            assert_eq!(all(&key), expected, "{key}");
            seen += expected.len();
        }
        assert!(seen > 10_000, "{seen} records are too few to tell anything");
    }
}
