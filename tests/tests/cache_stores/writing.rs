//! Contract: what is written is read, byte for byte, under the key it was written under and no other.

use bytes::Bytes;
use touchable::cache::store::Store;

use crate::{on_every_store, subject::Subject};

async fn a_written_entry_is_read<S: Store>(subject: &Subject<S>) {
    let key = subject.key("events/1");
    subject.store.set(&key, "a page".into(), None).await.unwrap();
    assert_eq!(subject.store.get(&key).await.unwrap(), Some("a page".into()));
}

async fn a_missing_key_is_nothing<S: Store>(subject: &Subject<S>) {
    assert_eq!(subject.store.get(&subject.key("none")).await.unwrap(), None);
}

async fn a_write_replaces_value_and_time_to_live<S: Store>(subject: &Subject<S>) {
    let key = subject.key("events/1");
    let witness = subject.key("witness");
    let short = subject.short();
    for key in [&key, &witness] {
        subject.store.set(key, "first".into(), Some(short)).await.unwrap();
    }
    subject.store.set(&key, "second".into(), None).await.unwrap();
    assert_eq!(subject.store.get(&key).await.unwrap(), Some("second".into()));
    subject
        .expect_end(short, async || {
            subject.store.get(&witness).await.unwrap().is_none()
        })
        .await;
    assert_eq!(subject.store.get(&key).await.unwrap(), Some("second".into()));
}

async fn values_come_back_byte_for_byte<S: Store>(subject: &Subject<S>) {
    let every_byte: Vec<u8> = (0..=255).collect();
    let megabyte: Vec<u8> = (0..1_048_576_u32).map(|i| (i % 251) as u8).collect();
    let mut values: Vec<Bytes> = vec![Bytes::new(), every_byte.into(), megabyte.into()];
    // What looks like an integer, and what nearly does.
    for text in [
        "0",
        "-0",
        "7",
        "-7",
        "+7",
        "007",
        " 7",
        "7 ",
        "7.0",
        "1e3",
        "nan",
        "\0",
        "true",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "99999999999999999999999",
    ] {
        values.push(text.into());
    }
    for (i, value) in values.iter().enumerate() {
        let key = subject.key(&i.to_string());
        subject.store.set(&key, value.clone(), None).await.unwrap();
        assert_eq!(
            subject.store.get(&key).await.unwrap().as_ref(),
            Some(value),
            "{i}"
        );
        let added = subject.key(&format!("added {i}"));
        assert!(subject.store.add(&added, value.clone(), None).await.unwrap());
        assert_eq!(
            subject.store.get(&added).await.unwrap().as_ref(),
            Some(value),
            "{i}"
        );
    }
}

async fn keys_that_differ_at_all_are_different<S: Store>(subject: &Subject<S>) {
    let long = "k".repeat(250 - subject.key("").len());
    let longer_by_one_less = "k".repeat(249 - subject.key("").len());
    let names = [
        "a",
        "A",
        "a ",
        " a",
        "ä",
        "a\u{308}",
        "Ä",
        "ß",
        "ss",
        "日本",
        "🦀",
        "a*",
        "a?",
        "[a]",
        "a\\",
        "a\\\\",
        "*",
        "?",
        "%",
        "_",
        "a%",
        "a_",
        "'",
        "\"",
        "`",
        "a'; --",
        "a:b",
        "a/b",
        "a,b",
        "{a}b",
        "{a}c",
        "{}",
        "0",
        "00",
        &long,
        &longer_by_one_less,
    ];
    let keys: Vec<String> = names.iter().map(|name| subject.key(name)).collect();
    for (key, name) in keys.iter().zip(names) {
        subject
            .store
            .set(key, name.to_owned().into(), None)
            .await
            .unwrap();
    }
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let many = subject.store.get_many(&keys).await.unwrap();
    for ((key, name), one) in keys.iter().zip(names).zip(many) {
        assert_eq!(one, Some(name.to_owned().into()), "{key}");
        assert_eq!(
            subject.store.get(key).await.unwrap(),
            Some(name.to_owned().into()),
            "{key}"
        );
    }
    for key in keys {
        assert!(subject.store.delete(key).await.unwrap(), "{key}");
    }
}

on_every_store!(
    a_written_entry_is_read,
    a_missing_key_is_nothing,
    a_write_replaces_value_and_time_to_live,
    values_come_back_byte_for_byte,
    keys_that_differ_at_all_are_different,
);
