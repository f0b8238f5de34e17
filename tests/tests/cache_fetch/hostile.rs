//! Behaviour 13: bytes of a shared store that are damaged or made up are never a value, and cost no more than the limit.

use bytes::Bytes;
use proptest::{collection, prelude::*};
use serde::{Deserialize, Serialize};
use touchable::cache::{
    Cache, Options,
    store::{AnyStore, Memory, Null, Store, Tiered},
};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::{Bench, Never};

const KEY: &str = "cache:n";
const HEADER: usize = 56;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Card {
    title: String,
    tags: Vec<String>,
    priority: Option<u8>,
}

fn card() -> Card {
    Card {
        title: "hang the posters".to_owned(),
        tags: vec!["print".to_owned(), "street".to_owned()],
        priority: Some(3),
    }
}

/// Reads bytes as an entry in every way; whether any of them took it for a value.
async fn is_read<S: Store>(cache: &Cache<S>) -> bool {
    let options = Options::new();
    let card: Option<Card> = cache.get("n").await.unwrap();
    let absent = || async { Err::<String, _>("a miss") };
    let text = cache.fetch_text("n", &options, absent).await;
    let bytes = cache.fetch_bytes("n", &options, absent).await;
    card.is_some() || text.is_ok() || bytes.is_ok()
}

/// An entry with the right checksum for whatever is in it.
fn forged(rest: &[u8]) -> Vec<u8> {
    let checksum = xxh3_64_with_seed(rest, xxh3_64(KEY.as_bytes()));
    [&checksum.to_le_bytes(), rest].concat()
}

/// A forged entry of a typed value whose shape and times are right, with another payload.
fn with_payload(entry: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut forgery = entry[8..HEADER].to_vec();
    let len = u32::try_from(payload.len()).unwrap();
    forgery[44..48].copy_from_slice(&len.to_le_bytes());
    forgery.extend_from_slice(payload);
    forged(&forgery)
}

/// Entries of all kinds: typed, versioned, compressed, text, raw.
async fn entries() -> Vec<Bytes> {
    let mut entries = Vec::new();
    let bench = Bench::new();
    for options in [Options::new(), Options::new().version("7").ttl(crate::secs(60))] {
        bench.cache.set("n", &card(), &options).await.unwrap();
        entries.push(bench.shelf.only().1);
        for len in [0, 20, 1100] {
            let text = move || async move { Ok::<_, Never>("ab".repeat(len / 2)) };
            let force = options.clone().force(true);
            bench.cache.fetch_text("n", &force, text).await.unwrap();
            entries.push(bench.shelf.only().1);
            bench.cache.fetch_bytes("n", &force, text).await.unwrap();
            entries.push(bench.shelf.only().1);
        }
    }
    entries
}

#[tokio::test]
async fn b13_every_flipped_bit_is_a_miss() {
    let bench = Bench::new();
    for entry in entries().await {
        bench.shelf.put(KEY, entry.clone());
        assert!(is_read(&bench.cache).await);
        for bit in 0..entry.len() * 8 {
            let mut damaged = entry.to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            bench.shelf.put(KEY, damaged);
            assert!(!is_read(&bench.cache).await, "bit {bit} of {entry:?}");
        }
    }
}

/// What a cache has found in an entry is kept beside it, in the memory of this process.
#[tokio::test]
async fn b13_a_damaged_copy_of_a_shared_entry_is_a_miss() {
    let near = Memory::new();
    let store = Tiered::new(near.clone(), AnyStore::new(Null));
    let cache = Cache::builder(store).clock(Bench::new().clock).build().unwrap();
    for entry in entries().await {
        for bit in (0..entry.len() * 8).step_by(7) {
            let mut damaged = entry.to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            near.set(KEY, damaged.into(), None).await.unwrap();
            assert!(!is_read(&cache).await, "bit {bit}");
            near.set(KEY, entry.clone(), None).await.unwrap();
            assert!(is_read(&cache).await && is_read(&cache).await, "bit {bit}");
        }
    }
}

/// Another cache of the same memory may not verify, or hold more.
#[tokio::test]
async fn b13_each_cache_judges_by_its_own_limits() {
    let memory = Memory::new();
    let trusting = Cache::new(memory.clone()).unwrap();
    let wary = Cache::new(Tiered::new(memory.clone(), AnyStore::new(Null))).unwrap();
    let small = Cache::builder(memory.clone()).max_value_bytes(9).build().unwrap();
    let text = || async { Ok::<_, Never>("ten bytes.") };
    trusting.fetch_text("n", &Options::new(), text).await.unwrap();
    assert!(is_read(&trusting).await);
    // No checksum was written, nor any compared.
    assert!(!is_read(&wary).await);
    assert!(is_read(&trusting).await);
    assert!(!is_read(&small).await);
    assert!(is_read(&trusting).await);
}

#[tokio::test]
async fn b13_every_truncation_and_extension_is_a_miss() {
    let bench = Bench::new();
    for entry in entries().await {
        for len in 0..entry.len() {
            bench.shelf.put(KEY, entry.slice(..len));
            assert!(!is_read(&bench.cache).await, "{len} bytes of {entry:?}");
        }
        bench.shelf.put(KEY, [&entry[..], &[0]].concat());
        assert!(!is_read(&bench.cache).await, "a byte more than {entry:?}");
    }
}

#[tokio::test]
async fn b13_an_entry_that_came_under_another_key_is_a_miss() {
    let bench = Bench::new();
    bench.cache.set("m", &card(), &Options::new()).await.unwrap();
    let (_, entry) = bench.shelf.only();
    bench.shelf.put(KEY, entry);
    assert!(!is_read(&bench.cache).await);
}

#[tokio::test]
async fn b13_a_miss_is_mended_by_the_next_load() {
    let bench = Bench::new();
    bench.shelf.put(KEY, "not an entry at all");
    let load = || async { Ok::<_, Never>(card()) };
    assert_eq!(
        bench.cache.fetch("n", &Options::new(), load).await.unwrap(),
        card()
    );
    assert_eq!(bench.cache.get("n").await.unwrap(), Some(card()));
}

#[tokio::test]
async fn b13_forged_headers_are_misses() {
    let bench = Bench::new();
    bench.cache.set("n", &card(), &Options::new()).await.unwrap();
    let (_, entry) = bench.shelf.only();
    bench.shelf.put(KEY, forged(&entry[8..]));
    assert!(
        is_read(&bench.cache).await,
        "the forger of this test does its work"
    );
    // Format, kind, flags, length of the version, and of the payload, where they stand behind the checksum.
    let forgeries: [(usize, &[u8]); 9] = [
        (0, b"xce\x01"),
        (3, &[2]),
        (4, &[3]),
        (5, &[4]),
        (5, &[1]),
        (6, &[255, 255]),
        (6, &[1, 0]),
        (44, &[255; 4]),
        (44, &[0; 4]),
    ];
    for (at, bytes) in forgeries {
        let mut rest = entry[8..].to_vec();
        rest[at..at + bytes.len()].copy_from_slice(bytes);
        bench.shelf.put(KEY, forged(&rest));
        assert!(!is_read(&bench.cache).await, "{bytes:?} at {at}");
    }
}

#[tokio::test]
async fn b13_a_claimed_length_asks_for_no_memory() {
    // A payload of 50 bytes that claims to be 8 MiB.
    let bench = Bench::new();
    let text = || async { Ok::<_, Never>("a".repeat(5000)) };
    bench.cache.fetch_text("n", &Options::new(), text).await.unwrap();
    let (_, entry) = bench.shelf.only();
    let mut rest = entry[8..].to_vec();
    rest[44..48].copy_from_slice(&(8_u32 << 20).to_le_bytes());
    bench.shelf.put(KEY, forged(&rest));
    assert!(!is_read(&bench.cache).await);
}

#[derive(Debug, Serialize, Deserialize)]
struct Nothing;

#[derive(Debug, Serialize, Deserialize)]
struct Bulky(Option<[u64; 32]>);

#[derive(Debug, Serialize, Deserialize)]
struct Boxed(Vec<Option<Box<Bulky>>>);

#[derive(Debug, Serialize, Deserialize)]
enum Nested {
    End,
    Deeper(Box<Nested>),
}

#[tokio::test]
async fn b13_hostile_payloads_end_within_the_limits() {
    let bench = Bench::new();
    bench
        .cache
        .set("n", &Vec::<u8>::new(), &Options::new())
        .await
        .unwrap();
    let (_, entry) = bench.shelf.only();
    let most = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];

    // 2^64 elements of no bytes each: would run for centuries.
    bench.shelf.put(KEY, with_payload(&entry, &most));
    assert!(bench.cache.get::<Vec<Nothing>, _>("n").await.unwrap().is_none());
    assert!(bench.cache.get::<Vec<()>, _>("n").await.unwrap().is_none());
    assert!(bench.cache.get::<Vec<u64>, _>("n").await.unwrap().is_none());
    assert!(bench.cache.get::<String, _>("n").await.unwrap().is_none());
    assert!(
        bench
            .cache
            .get::<std::collections::HashSet<()>, _>("n")
            .await
            .unwrap()
            .is_none()
    );

    // A byte each that becomes 264 bytes, or a box of them: 8 MiB would become 2 GiB.
    let count = 8_000_000;
    // The varint of that number.
    let mut nones = vec![0x80, 0xa4, 0xe8, 0x03];
    let header = nones.len();
    nones.resize(header + count, 0);
    bench.shelf.put(KEY, with_payload(&entry, &nones));
    assert!(bench.cache.get::<Vec<Bulky>, _>("n").await.unwrap().is_none());
    let mut boxes = nones[..header].to_vec();
    boxes.extend([1, 0].repeat(count / 2));
    bench.shelf.put(KEY, with_payload(&entry, &boxes));
    assert!(bench.cache.get::<Boxed, _>("n").await.unwrap().is_none());

    // Two megabytes of opening brackets: would overflow the stack.
    bench.shelf.put(KEY, with_payload(&entry, &vec![1; 2_000_000]));
    assert!(bench.cache.get::<Nested, _>("n").await.unwrap().is_none());
    bench.expect_no_loads();
}

#[tokio::test]
async fn b13_what_is_small_on_the_wire_and_large_in_memory_is_a_miss() {
    let bench = Bench::new();
    let large = Cache::builder(bench.shelf.clone())
        .max_value_bytes(1 << 30)
        .build()
        .unwrap();
    let options = Options::new();
    let bulky: Vec<Bulky> = (0..100_000).map(|_| Bulky(None)).collect();
    large.set("n", &bulky, &options).await.unwrap();
    assert!(large.get::<Vec<Bulky>, _>("n").await.unwrap().is_some());
    assert!(bench.cache.get::<Vec<Bulky>, _>("n").await.unwrap().is_none());
    let boxed = Boxed((0..100_000).map(|_| Some(Box::new(Bulky(None)))).collect());
    large.set("n", &boxed, &options).await.unwrap();
    assert!(large.get::<Boxed, _>("n").await.unwrap().is_some());
    assert!(bench.cache.get::<Boxed, _>("n").await.unwrap().is_none());
}

#[tokio::test]
async fn b13_bytes_after_the_value_are_a_miss() {
    let bench = Bench::new();
    bench.cache.set("n", &card(), &Options::new()).await.unwrap();
    let (_, entry) = bench.shelf.only();
    let payload = &entry[HEADER..];
    bench.shelf.put(KEY, with_payload(&entry, payload));
    assert!(
        is_read(&bench.cache).await,
        "the forger of this test does its work"
    );
    bench
        .shelf
        .put(KEY, with_payload(&entry, &[payload, &[0]].concat()));
    assert!(!is_read(&bench.cache).await);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn b13_arbitrary_bytes_are_misses(bytes in collection::vec(any::<u8>(), 0..300)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let read = runtime.block_on(async {
            let bench = Bench::new();
            bench.shelf.put(KEY, bytes);
            is_read(&bench.cache).await
        });
        prop_assert!(!read);
    }

    /// Behind a right checksum and a right header: a value or a miss, never a panic.
    #[test]
    fn b13_arbitrary_payloads_do_not_panic(payload in collection::vec(any::<u8>(), 0..300)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let bench = Bench::new();
            bench.cache.set("n", &card(), &Options::new()).await.unwrap();
            let (_, entry) = bench.shelf.only();
            bench.shelf.put(KEY, with_payload(&entry, &payload));
            bench.cache.get::<Card, _>("n").await.unwrap();
        });
    }
}
