//! Behaviour 12: what can be a value, how it is stored, and what happens when its type has changed.

use std::collections::{BTreeMap, HashMap, HashSet};

use proptest::{collection, prelude::*};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use touchable::cache::{Cache, Options};

use crate::{Bench, Never};

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// Stores one value under a key and reads it as another type.
async fn reread<A, B>(value: &A) -> Option<B>
where
    A: Serialize + DeserializeOwned + 'static,
    B: Serialize + DeserializeOwned + 'static,
{
    let bench = Bench::new();
    bench.cache.set("n", value, &Options::new()).await.unwrap();
    bench.cache.get("n").await.unwrap()
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Tree {
    Leaf,
    Number(i128),
    Pair(Box<Tree>, Box<Tree>),
    Named { name: String, inner: Option<Box<Tree>> },
    Many(Vec<Tree>),
}

fn trees() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![Just(Tree::Leaf), any::<i128>().prop_map(Tree::Number)];
    leaf.prop_recursive(6, 64, 5, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Tree::Pair(a.into(), b.into())),
            (".*", proptest::option::of(inner.clone())).prop_map(|(name, inner)| Tree::Named {
                name,
                inner: inner.map(Box::new)
            }),
            collection::vec(inner, 0..5).prop_map(Tree::Many),
        ]
    })
}

#[expect(
    clippy::option_option,
    reason = "what is tested is that the two are told apart"
)]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    unit: (),
    flags: (bool, Option<bool>, Option<Option<u8>>),
    numbers: (i8, i16, i32, i64, u16, u32, u64, u128),
    floats: (f32, f64),
    letter: char,
    text: String,
    bytes: Vec<u8>,
    tree: Tree,
    map: HashMap<String, Vec<u32>>,
    set: HashSet<i64>,
    sorted: BTreeMap<(u8, char), Newtype>,
    result: Result<u8, String>,
    array: [u8; 5],
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Newtype(String);

fn everything() -> impl Strategy<Value = Everything> {
    let plain = (
        (any::<bool>(), any::<Option<bool>>(), any::<Option<Option<u8>>>()),
        any::<(i8, i16, i32, i64, u16, u32, u64, u128)>(),
        (-1e30..1e30f32, -1e300..1e300f64),
        any::<char>(),
        ".*",
        collection::vec(any::<u8>(), 0..3000),
        trees(),
    );
    let collections = (
        collection::hash_map(".*", collection::vec(any::<u32>(), 0..4), 0..6),
        collection::hash_set(any::<i64>(), 0..6),
        collection::btree_map(any::<(u8, char)>(), ".*".prop_map(Newtype), 0..6),
        proptest::result::maybe_ok(any::<u8>(), ".*"),
        any::<[u8; 5]>(),
    );
    (plain, collections).prop_map(
        |((flags, numbers, floats, letter, text, bytes, tree), (map, set, sorted, result, array))| {
            Everything {
                unit: (),
                flags,
                numbers,
                floats,
                letter,
                text,
                bytes,
                tree,
                map,
                set,
                sorted,
                result,
                array,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn b12_any_serde_value_comes_back(value in everything()) {
        let read = block_on(reread::<_, Everything>(&value));
        prop_assert_eq!(read, Some(value));
    }

    #[test]
    fn b12_any_text_and_any_bytes_come_back(text in ".{0,3000}", bytes in collection::vec(any::<u8>(), 0..3000)) {
        block_on(async {
            let bench = Bench::new();
            let options = Options::new();
            for _ in 0..2 {
                let (text, bytes) = (text.clone(), bytes.clone());
                let loaded = bench.cache.fetch_text("t", &options, {
                    let text = text.clone();
                    || async { Ok::<_, Never>(text) }
                });
                assert_eq!(loaded.await.unwrap().as_str(), text);
                let loaded = bench.cache.fetch_bytes("b", &options, {
                    let bytes = bytes.clone();
                    || async { Ok::<_, Never>(bytes) }
                });
                assert_eq!(loaded.await.unwrap(), bytes);
            }
        });
    }
}

mod then {
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Price {
        pub net: u32,
        pub gross: u32,
    }

    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub enum State {
        Open,
        Closed,
    }
}

mod now {
    use serde::{Deserialize, Serialize};

    pub mod swapped {
        use super::{Deserialize, Serialize};
        #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub struct Price {
            pub gross: u32,
            pub net: u32,
        }
    }
    pub mod renamed {
        use super::{Deserialize, Serialize};
        #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub struct Cost {
            pub net: u32,
            pub gross: u32,
        }
    }
    pub mod signed {
        use super::{Deserialize, Serialize};
        #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub struct Price {
            pub net: i32,
            pub gross: u32,
        }
    }
    pub mod shorter {
        use super::{Deserialize, Serialize};
        #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub struct Price {
            pub net: u32,
        }
    }
    pub mod longer {
        use super::{Deserialize, Serialize};
        #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub struct Price {
            pub net: u32,
            pub gross: u32,
            #[serde(default)]
            pub note: Option<String>,
        }
    }

    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub enum State {
        Closed,
        Open,
    }
}

#[tokio::test]
async fn b12_a_type_that_changed_is_a_miss() {
    let price = then::Price { net: 1, gross: 2 };
    assert_eq!(reread::<_, then::Price>(&price).await, Some(price.clone()));
    assert_eq!(reread::<_, now::swapped::Price>(&price).await, None);
    assert_eq!(reread::<_, now::renamed::Cost>(&price).await, None);
    assert_eq!(reread::<_, now::signed::Price>(&price).await, None);
    assert_eq!(reread::<_, now::shorter::Price>(&price).await, None);
    assert_eq!(reread::<_, now::longer::Price>(&price).await, None);
    assert_eq!(reread::<_, now::State>(&then::State::Open).await, None);
    // The same inside of collections.
    let prices = vec![Some(price.clone())];
    assert_eq!(
        reread::<_, Vec<Option<then::Price>>>(&prices).await,
        Some(prices.clone())
    );
    assert_eq!(reread::<_, Vec<Option<now::swapped::Price>>>(&prices).await, None);
    let by_name = HashMap::from([("a".to_owned(), price)]);
    assert_eq!(
        reread::<_, HashMap<String, now::swapped::Price>>(&by_name).await,
        None
    );
}

#[tokio::test]
async fn b12_values_of_other_primitives_are_misses() {
    assert_eq!(reread::<_, u64>(&1_u32).await, None);
    assert_eq!(reread::<_, i32>(&1_u32).await, None);
    assert_eq!(reread::<_, bool>(&1_u8).await, None);
    assert_eq!(reread::<_, String>(&vec![b'a']).await, None);
    assert_eq!(reread::<_, u8>(&(1_u8,)).await, None);
    assert_eq!(reread::<_, (u8, u8)>(&[1_u8, 2].as_slice().to_vec()).await, None);
    assert_eq!(reread::<_, Vec<u16>>(&vec![1_u8]).await, None);
}

#[tokio::test]
async fn b12_kinds_of_values_do_not_meet() {
    let bench = Bench::new();
    let options = Options::new();
    bench.cache.set("n", &"text".to_owned(), &options).await.unwrap();
    let text = bench
        .cache
        .fetch_text("n", &options, || async { Ok::<_, Never>("anew") });
    assert_eq!(text.await.unwrap(), "anew");
    let bytes = bench
        .cache
        .fetch_bytes("n", &options, || async { Ok::<_, Never>(vec![1]) });
    assert_eq!(*bytes.await.unwrap(), [1]);
    assert_eq!(bench.cache.get::<String, _>("n").await.unwrap(), None);
}

#[tokio::test]
async fn b12_two_types_that_are_loaded_at_once_under_one_key() {
    let bench = Bench::new();
    let options = Options::new();
    let number = bench.cache.fetch("n", &options, || async { Ok::<_, Never>(1) });
    let text = bench
        .cache
        .fetch("n", &options, || async { Ok::<_, Never>("one".to_owned()) });
    let (number, text) = tokio::join!(number, text);
    assert_eq!((number.unwrap(), text.unwrap()), (1, "one".to_owned()));
    bench.expect_no_loads();
}

#[tokio::test]
async fn b12_a_large_value_is_returned_and_not_stored() {
    let bench = Bench::new();
    let small = Cache::builder(bench.shelf.clone())
        .max_value_bytes(100)
        .build()
        .unwrap();
    let options = Options::new();
    for len in [96, 200] {
        let load = move || async move { Ok::<_, Never>("x".repeat(len)) };
        let text = small.fetch(&len.to_string(), &options, load).await.unwrap();
        assert_eq!(text.len(), len);
        let raw = small
            .fetch_bytes(&format!("raw{len}"), &options, load)
            .await
            .unwrap();
        assert_eq!(raw.len(), len);
    }
    assert_eq!(bench.shelf.keys(), ["cache:'96", "cache:raw96"]);
    let failure = small.set("96", &"x".repeat(200), &options).await.unwrap_err();
    assert!(failure.is_invalid_value(), "{failure}");
    assert_eq!(small.get::<String, _>("96").await.unwrap(), None);
}

#[tokio::test]
async fn b12_a_value_that_is_large_in_memory_only_is_returned_and_not_stored() {
    let bench = Bench::new();
    let small = Cache::builder(bench.shelf.clone())
        .max_value_bytes(1000)
        .build()
        .unwrap();
    let load = || async { Ok::<_, Never>(vec![None::<[u64; 30]>; 100]) };
    let loaded = small.fetch("n", &Options::new(), load).await.unwrap();
    assert_eq!(loaded.len(), 100);
    assert!(bench.shelf.keys().is_empty());
}

#[tokio::test]
async fn b12_a_large_value_takes_the_place_of_the_old_one() {
    let bench = Bench::new();
    let small = Cache::builder(bench.shelf.clone())
        .max_value_bytes(100)
        .build()
        .unwrap();
    small.set("n", &"old".to_owned(), &Options::new()).await.unwrap();
    let load = || async { Ok::<_, Never>("x".repeat(200)) };
    small.fetch("n", &Options::new().force(true), load).await.unwrap();
    assert_eq!(small.get::<String, _>("n").await.unwrap(), None);
}

#[tokio::test]
async fn b12_values_from_a_kilobyte_are_compressed_when_that_helps() {
    let len = async |value: Vec<u8>| {
        let bench = Bench::new();
        let expected = value.clone();
        let load = || async { Ok::<_, Never>(value) };
        bench.cache.fetch_bytes("n", &Options::new(), load).await.unwrap();
        let unused = || async { panic!("loaded") as Result<Vec<u8>, Never> };
        let read = bench
            .cache
            .fetch_bytes("n", &Options::new(), unused)
            .await
            .unwrap();
        assert_eq!(read, expected);
        bench.shelf.only().1.len()
    };
    let header = len(Vec::new()).await;
    assert_eq!(len(vec![b'a'; 1023]).await, header + 1023);
    assert!(len(vec![b'a'; 1024]).await < header + 100);
    let mut random = fastrand::Rng::with_seed(1);
    let noise: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(5000).collect();
    assert_eq!(len(noise).await, header + 5000);
}

/// Written in a way that postcard cannot read back.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    A(u8),
    B(String),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Skipping {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    first: Option<u8>,
    second: Option<u8>,
}

#[tokio::test]
async fn b12_a_type_that_the_format_cannot_hold_is_an_error_at_once() {
    let bench = Bench::new();
    let options = Options::new();
    let untagged = bench
        .cache
        .fetch("n", &options, || async { Ok::<_, Never>(Untagged::A(1)) });
    let failure = untagged.await.unwrap_err();
    assert!(failure.is_invalid_value(), "{failure}");
    assert!(failure.to_string().contains("Untagged"), "{failure}");
    let skipping = Skipping {
        first: None,
        second: Some(1),
    };
    let failure = bench.cache.set("n", &skipping, &options).await.unwrap_err();
    assert!(failure.is_invalid_value(), "{failure}");
    assert!(bench.shelf.keys().is_empty());
    bench.expect_no_loads();
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Chain(Option<Box<Chain>>);

#[tokio::test]
async fn b12_what_is_nested_too_deep_is_an_error() {
    let chain = |depth| (0..depth).fold(Chain(None), |inner, _| Chain(Some(Box::new(inner))));
    let bench = Bench::new();
    let options = Options::new();
    bench.cache.set("n", &chain(60), &options).await.unwrap();
    assert_eq!(bench.cache.get("n").await.unwrap(), Some(chain(60)));
    let failure = bench.cache.set("n", &chain(70), &options).await.unwrap_err();
    assert!(
        failure.to_string().contains("nested more than 128 deep"),
        "{failure}"
    );
}
