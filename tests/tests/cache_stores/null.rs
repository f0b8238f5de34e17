//! The store that is off answers as one in which every entry goes the moment it is written.

use touchable::cache::store::{Null, Store};

#[tokio::test]
async fn nothing_is_kept() {
    Null.set("a", "1".into(), None).await.unwrap();
    Null.set_many(&[("b", "2".into())], None).await.unwrap();
    assert_eq!(Null.get("a").await.unwrap(), None);
    assert_eq!(Null.get_many(&["a", "b", "a"]).await.unwrap(), [None, None, None]);
    assert!(!Null.delete("a").await.unwrap());
    assert_eq!(Null.delete_many(&["a", "b"]).await.unwrap(), 0);
    assert_eq!(Null.delete_prefix("").await.unwrap(), 0);
}

#[tokio::test]
async fn everybody_adds_and_every_counter_begins() {
    for _ in 0..2 {
        assert!(Null.add("a", "1".into(), None).await.unwrap());
        assert_eq!(Null.increment("b", 3, None).await.unwrap(), 3);
    }
}
