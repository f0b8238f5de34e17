//! How keys are spelled: readable, printable, and never two inputs alike.

use std::{borrow::Cow, fmt::Write as _};

use proptest::{collection::vec, prelude::*};
use touchable::{
    Result, Stamp,
    cache::{
        CacheKey, Version,
        key::{AsText, KeyWriter, MAX_KEY_BYTES, Namespace},
    },
};

fn key(key: impl CacheKey) -> String {
    Namespace::new("n").unwrap().key(&key).unwrap()
}

#[test]
fn b03_what_can_be_a_key() {
    assert_eq!(key("a"), "n:a");
    assert_eq!(key(String::from("a/b-c.d")), "n:a/b-c.d");
    assert_eq!(key(Cow::from("a")), "n:a");
    assert_eq!(key(('ä', -5_i8, u128::MAX)), format!("n:%C3%A4:-5:{}", u128::MAX));
    assert_eq!(key((true, false)), "n:!true:!false");
    assert_eq!(key((Some("a"), None::<i32>, Some(None::<i32>))), "n:~a:~:~~");
    assert_eq!(key(["a", "b"]), "n:a:b");
    assert_eq!(key(vec![("a", 1), ("b", 2)]), "n:(a:1):(b:2)");
    assert_eq!(key(&["a"][..]), "n:(a)");
    assert_eq!(key((1, 2, 3, 4, 5, 6, 7, 8)), "n:1:2:3:4:5:6:7:8");
    assert_eq!(key(AsText(format_args!("{}-{}", 1, 'a'))), "n:'1-a");
    assert_eq!(
        key(("v", Version::from(Stamp::from_micros(1)))),
        "n:v:@00000000000000000001"
    );
}

#[test]
fn b03_text_by_display_is_text() {
    for text in ["", "5", "-", "a b", "ä:(", "5ä"] {
        assert_eq!(key(("x", AsText(text))), key(("x", text)));
        let split = AsText(Split(text));
        assert_eq!(key(("x", split)), key(("x", text)));
    }
}

/// Writes itself character by character, with empty pieces in between.
struct Split(&'static str);

impl std::fmt::Display for Split {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("")?;
        self.0.chars().try_for_each(|c| {
            f.write_char(c)?;
            f.write_str("")
        })
    }
}

#[test]
fn b05_keys_that_look_alike_are_not() {
    let keys = [
        key(("a", "b")),
        key(("a:b",)),
        key("a:b"),
        key(("a", ("b",))),
        key((("a", "b"),)),
        key(("a", "b", "")),
        key(("", "a", "b")),
        key(("a", None::<&str>)),
        key(("a", "")),
        key(("a", Some(""))),
        key(("a", " ")),
        key(("a", Some(None::<&str>))),
        key(("a", "~")),
        key(("a", [0; 0])),
        key("5"),
        key(5),
        key("-5"),
        key(-5),
        key(true),
        key("true"),
        key("!true"),
        key("%41"),
        key("A"),
        key("'5"),
        key("tasks/5@00000000000000000001"),
        key("@00000000000000000001"),
        key(Version::from(Stamp::from_micros(1))),
    ];
    for (i, one) in keys.iter().enumerate() {
        assert!(keys[i + 1..].iter().all(|other| other != one), "{one}");
    }
}

#[test]
fn b05_blank_keys_are_refused() {
    let space = Namespace::new("n").unwrap();
    let blank: [&dyn CacheKey; 10] = [
        &"",
        &" \t\n",
        &None::<i32>,
        &Some(""),
        &("", " "),
        &(None::<&str>, ""),
        &[] as &[&str; 0],
        &Vec::<i32>::new(),
        &((("",),),),
        &AsText(""),
    ];
    for key in blank {
        let error = space.key(key).unwrap_err();
        assert!(error.is_invalid_key());
        assert!(error.to_string().contains("`n:`"), "{error}");
    }
    for name in ["", "  "] {
        assert!(Namespace::new(name).unwrap_err().is_invalid_key());
        assert!(Namespace::in_one_slot(name).unwrap_err().is_invalid_key());
    }
    for key in [&0_i32 as &dyn CacheKey, &false, &("", 0), &Some("a")] {
        assert!(space.key(key).is_ok());
    }
}

#[test]
fn b05_namespaces_share_no_key() {
    let of = |name| Namespace::new(name).unwrap();
    assert_ne!(of("a").key(&("b", "c")).unwrap(), of("a:b").key("c").unwrap());
    assert_ne!(of("a").key(&("b", "c")).unwrap(), of("a:b:c").prefix());
    assert!(!of("ab").prefix().starts_with(of("a").prefix()));
    assert!(Namespace::new(&"n".repeat(100)).unwrap_err().is_invalid_key());
    let long = of(&"n".repeat(99));
    assert!(long.key(&"k".repeat(500)).unwrap().starts_with(long.prefix()));
}

#[test]
fn b05_only_a_namespace_made_for_it_has_a_hash_tag() {
    let plain = Namespace::new("{shop}").unwrap().key("{5}").unwrap();
    assert_eq!(plain, "%7Bshop%7D:%7B5%7D");
    let tagged = Namespace::in_one_slot("{shop}").unwrap().key("{5}").unwrap();
    assert_eq!(tagged, "{%7Bshop%7D}:%7B5%7D");
}

#[test]
fn b05_long_keys_are_cut_and_hashed() {
    let fits = "k".repeat(MAX_KEY_BYTES - 2);
    assert_eq!(key(&fits), format!("n:{fits}"));
    let long = format!("{fits}k");
    let cut = key(&long);
    assert_eq!(cut.len(), MAX_KEY_BYTES);
    assert!(cut.starts_with("n:kkk"));
    let mut seen = vec![cut];
    for last in ["a", "b", "ä", "aa", "\0"] {
        let cut = key(format!("{fits}{last}"));
        assert_eq!(cut.len(), MAX_KEY_BYTES);
        assert!(!seen.contains(&cut));
        seen.push(cut);
    }
    // Nothing else is spelled like a cut key.
    assert_ne!(key(&seen[0][2..]), seen[0]);
    assert_ne!(key((&fits, "ab")), key((format!("{fits}:ab"),)));
}

/// Any nested key.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Any {
    Text(String),
    Number(i64),
    Flag(bool),
    Option(Option<Box<Any>>),
    Parts(Vec<Any>),
    Version(i64),
}

impl CacheKey for Any {
    fn write_to(&self, key: &mut KeyWriter) -> Result<()> {
        match self {
            Self::Text(text) => text.write_to(key),
            Self::Number(number) => number.write_to(key),
            Self::Flag(flag) => flag.write_to(key),
            Self::Option(option) => option.write_to(key),
            Self::Parts(parts) => parts.write_to(key),
            Self::Version(micros) => Version::from(Stamp::from_micros(*micros)).write_to(key),
        }
    }
}

fn any_key() -> impl Strategy<Value = Any> {
    let text = prop_oneof![
        "[ab:~()'%@!#0-9{}, -]{0,4}".prop_map(Any::Text),
        any::<String>().prop_map(Any::Text),
    ];
    let leaf = prop_oneof![
        text,
        (-12_i64..12).prop_map(Any::Number),
        any::<bool>().prop_map(Any::Flag),
        Just(Any::Option(None)),
        (-2_i64..2).prop_map(Any::Version),
    ];
    leaf.prop_recursive(4, 12, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| Any::Option(Some(Box::new(inner)))),
            vec(inner, 0..4).prop_map(Any::Parts),
        ]
    })
}

/// The same key with one small difference.
fn nearly(key: &Any) -> Vec<Any> {
    let mut near = vec![
        Any::Parts(vec![key.clone()]),
        Any::Option(Some(Box::new(key.clone()))),
        Any::Parts(vec![key.clone(), Any::Parts(Vec::new())]),
    ];
    match key {
        Any::Text(text) => {
            near.extend(["", " ", ":", "'", "~", "0"].map(|more| Any::Text(format!("{text}{more}"))));
            near.extend(text.parse().map(Any::Number));
        }
        Any::Number(number) => near.push(Any::Text(number.to_string())),
        Any::Flag(flag) => near.push(Any::Text(flag.to_string())),
        Any::Version(micros) => near.push(Any::Number(*micros)),
        Any::Option(Some(inner)) => near.push((**inner).clone()),
        Any::Option(None) => near.push(Any::Text(String::new())),
        Any::Parts(parts) => {
            near.extend(parts.first().cloned());
            let flat = parts.iter().flat_map(|part| match part {
                Any::Parts(inner) => inner.clone(),
                other => vec![other.clone()],
            });
            near.push(Any::Parts(flat.collect()));
            near.push(Any::Parts(parts.iter().rev().cloned().collect()));
        }
    }
    near
}

/// The key in a sequence, so that blank ones are keys too, and as far as it is not hashed.
fn spelled(key: &Any) -> String {
    Namespace::new("n").unwrap().key(&("k", key)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(
        std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(2_000)
    ))]

    #[test]
    fn b05_two_inputs_never_meet(one in any_key(), other in any_key()) {
        prop_assert_eq!(one == other, spelled(&one) == spelled(&other));
        for near in nearly(&one) {
            prop_assert_eq!(one == near, spelled(&one) == spelled(&near), "{:?}", near);
            let space = Namespace::new("n").unwrap();
            if let (Ok(a), Ok(b)) = (space.key(&one), space.key(&near)) {
                prop_assert_eq!(one == near, a == b, "{:?}", near);
            }
        }
    }

    #[test]
    fn b05_every_key_is_short_and_printable(one in any_key(), name in "\\PC{1,20}") {
        prop_assume!(!name.trim().is_empty());
        let Ok(space) = Namespace::new(&name) else { return Ok(()) };
        let key = space.key(&("k", &one)).unwrap();
        prop_assert!(key.len() <= MAX_KEY_BYTES);
        prop_assert!(key.bytes().all(|byte| byte.is_ascii_graphic() && !b"{}*?[]\\\"".contains(&byte)), "{}", key);
        prop_assert!(key.starts_with(space.prefix()));
    }
}
