//! One record: its key and its version, from memory, from the database, and of what has none.

use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, EntityTrait, IntoActiveModel, NotSet, QuerySelect, Set,
    TryIntoModel, Unchanged,
};
use touchable::{
    Error,
    cache::{CacheKey, Versioned, key::Namespace},
};
use touchable_tests::{
    World, at,
    entities::{board, ledger, names, stamps, tags},
    epoch, on_every_backend,
};

type ActiveTask = board::task::ActiveModel;

fn parts(record: &impl Versioned) -> (String, String) {
    let key = record.cache_key().expect("a saved record");
    let version = record.cache_version().expect("a stamped record").to_string();
    let both = record.cache_key_with_version().expect("both");
    assert_eq!(both, format!("{key}@{version}"));
    (key, version)
}

/// The row of an entity of `stamps` from every place it can come from, under any type of touch column.
macro_rules! every_type {
    ($world:ident: $($entity:ident),+) => {$(
        let inserted = stamps::$entity::ActiveModel { text: Set("a".to_owned()), ..Default::default() };
        let inserted = inserted.insert(&$world.db).await.expect("a row");
        let stored = $world.model::<stamps::$entity::Entity>(inserted.id).await;
        assert_eq!(parts(&inserted), parts(&stored), "{}: insert", stringify!($entity));
        assert_eq!(parts(&stored).1.len(), 20);

        let mut changed = inserted.clone().into_active_model();
        changed.text = Set("b".to_owned());
        let updated = changed.update(&$world.db).await.expect("an update");
        let stored = $world.model::<stamps::$entity::Entity>(inserted.id).await;
        assert_eq!(parts(&updated), parts(&stored), "{}: update", stringify!($entity));
        assert_eq!(parts(&updated).0, parts(&inserted).0);
        assert!(parts(&updated).1 > parts(&inserted).1);
        assert_eq!(parts(&updated.clone().into_active_model()), parts(&stored));
        assert_eq!(parts(&updated.clone().into_ex()), parts(&stored));
    )+};
}

async fn b01_memory_returning_and_select_agree(world: &World) {
    every_type!(world: utc, zoned, naive, optional_utc, optional_zoned, optional_naive, offset, primitive,
        optional_offset, optional_primitive, born);
}

async fn b01_an_applications_nanoseconds_are_cut_alike(world: &World) {
    let stamp = at(1) + chrono::TimeDelta::nanoseconds(999);
    let note = stamps::utc::ActiveModel {
        text: Set("a".to_owned()),
        updated_at: Set(stamp),
        ..Default::default()
    };
    let inserted = note.insert(&world.db).await.expect("a row");
    let stored = world.model::<stamps::utc::Entity>(inserted.id).await;
    assert_eq!(parts(&inserted), parts(&stored));
}

on_every_backend!(stamps: b01_memory_returning_and_select_agree, b01_an_applications_nanoseconds_are_cut_alike);

async fn b01_the_key_is_table_and_primary_key(world: &World) {
    tags::populate(world).await;
    let post = world.model::<tags::post::Entity>(2).await;
    assert_eq!(post.cache_key().unwrap(), "posts/2");
    assert_eq!(
        post.cache_key_with_version().unwrap(),
        format!("posts/2@{:020}", epoch() + 2)
    );
    let link = world.model::<tags::post_tag::Entity>((2, 1)).await;
    assert_eq!(link.cache_key().unwrap(), "post_tags/2,1");
}

async fn b02_a_row_from_before_the_touch_column_has_no_version(world: &World) {
    tags::populate(world).await;
    let link = world.model::<tags::post_tag::Entity>((2, 1)).await;
    let error = link.cache_version().unwrap_err();
    assert!(error.is_no_version());
    assert!(error.to_string().contains("`post_tags`"), "{error}");
    assert!(link.cache_key_with_version().unwrap_err().is_no_version());
}

on_every_backend!(tags: b01_the_key_is_table_and_primary_key, b02_a_row_from_before_the_touch_column_has_no_version);

async fn b01_keys_of_every_type(world: &World) {
    names::populate(world).await;
    let label = names::label::Entity::find()
        .one(&world.db)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(label.cache_key().unwrap(), "labels/a%2Cb,c");
    let token = names::token::Entity::find()
        .one(&world.db)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        token.cache_key().unwrap(),
        "tokens/00000000-0000-0000-0000-000000000abc"
    );
    let blob = names::blob::Entity::find().one(&world.db).await.unwrap().unwrap();
    assert_eq!(blob.cache_key().unwrap(), "blobs/00FF3B3A");
    let hour = names::hour::Entity::find().one(&world.db).await.unwrap().unwrap();
    assert_eq!(hour.cache_key().unwrap(), format!("hours/{}", epoch() + 4));
}

async fn b02_an_optional_touch_column_that_was_not_selected(world: &World) {
    names::populate(world).await;
    let partial = names::label::Entity::find()
        .select_only()
        .columns([
            names::label::Column::Scope,
            names::label::Column::Name,
            names::label::Column::Weight,
        ])
        .one(&world.db)
        .await;
    // SeaORM reads a column that is not there as null.
    let partial = partial.unwrap().unwrap();
    assert_eq!(partial.cache_key().unwrap(), "labels/a%2Cb,c");
    assert!(partial.cache_version().unwrap_err().is_no_version());
}

on_every_backend!(names: b01_keys_of_every_type, b02_an_optional_touch_column_that_was_not_selected);

async fn b01_a_version_column_is_the_version(world: &World) {
    world.seed([ledger::author(1)]).await;
    world.seed([ledger::shelf(1)]).await;
    world.seed([ledger::book(1, 1, 1)]).await;
    let mut book = world.active::<ledger::book::Entity>(1).await;
    assert_eq!(parts(&book), ("books/1".to_owned(), "1".to_owned()));
    book.title = Set("new".to_owned());
    let book = book.update(&world.db).await.expect("an update");
    assert_eq!(parts(&book), ("books/1".to_owned(), "2".to_owned()));
    assert_eq!(parts(&book), parts(&world.model::<ledger::book::Entity>(1).await));
}

on_every_backend!(ledger: b01_a_version_column_is_the_version);

async fn b01_a_touch_moves_the_version_and_not_the_key(world: &World) {
    board::populate(world).await;
    let before = world.model::<board::task::Entity>(1).await;
    let mut event = world.active::<board::event::Entity>(1).await;
    event.name = Set("new".to_owned());
    event.update(&world.db).await.expect("an update");
    let after = world.model::<board::task::Entity>(1).await;
    assert_eq!(before.cache_key().unwrap(), after.cache_key().unwrap());
    assert!(parts(&before).1 < parts(&after).1);
}

async fn b02_what_is_not_saved_has_no_version(world: &World) {
    board::populate(world).await;
    let refused = |task: &ActiveTask| {
        let no_version = |result: Result<String, Error>| result.unwrap_err().is_no_version();
        assert!(no_version(task.cache_key_with_version()), "{task:?}");
        assert!(no_version(
            task.cache_version().map(|version| version.to_string())
        ));
        let store = Namespace::new("html").unwrap();
        assert!(no_version(store.key(task)));
        assert!(no_version(store.key(&("card", Some(task)))));
    };
    refused(&ActiveTask::new());
    refused(&board::task(9, None, None));
    let saved = world.active::<board::task::Entity>(1).await;
    assert!(saved.cache_version().is_ok());
    for spoil in [
        |task: &mut ActiveTask| task.updated_at = NotSet,
        |task: &mut ActiveTask| task.updated_at = Set(at(7)),
        |task: &mut ActiveTask| task.id = NotSet,
        |task: &mut ActiveTask| task.id = Set(1),
        |task: &mut ActiveTask| task.title = Set("new".to_owned()),
    ] {
        let mut task = saved.clone();
        spoil(&mut task);
        refused(&task);
    }
    let mut task = saved;
    task.title = Set("new".to_owned());
    assert_eq!(task.cache_key().unwrap(), "tasks/1");
    let task = task.save(&world.db).await.expect("a save");
    assert_eq!(parts(&task), parts(&world.model::<board::task::Entity>(1).await));
}

async fn b02_a_record_without_its_touch_column_has_no_version(world: &World) {
    board::populate(world).await;
    let (id, title) = board::task::Entity::find_by_id(1)
        .select_only()
        .column(board::task::Column::Id)
        .column(board::task::Column::Title)
        .into_tuple::<(i32, String)>()
        .one(&world.db)
        .await
        .unwrap()
        .unwrap();
    let partial = board::task::ActiveModel {
        id: Unchanged(id),
        title: Unchanged(title),
        event_id: NotSet,
        user_id: NotSet,
        updated_at: NotSet,
    };
    assert_eq!(partial.cache_key().unwrap(), "tasks/1");
    assert!(partial.cache_version().unwrap_err().is_no_version());
}

on_every_backend!(board:
    b01_a_touch_moves_the_version_and_not_the_key,
    b02_what_is_not_saved_has_no_version,
    b02_a_record_without_its_touch_column_has_no_version,
);

#[test]
fn b01_stamps_before_1970_and_of_any_size() {
    use touchable::{Stamp, cache::Version};
    for (micros, text) in [
        (0, "00000000000000000000"),
        (1, "00000000000000000001"),
        (-1, "-0000000000000000001"),
        (i64::MAX, "09223372036854775807"),
        (i64::MIN, "-9223372036854775808"),
    ] {
        assert_eq!(Version::from(Stamp::from_micros(micros)).to_string(), text);
    }
}

#[test]
fn b01_records_are_keys_wherever_keys_are_taken() {
    fn key(key: impl CacheKey) -> String {
        Namespace::new("html").unwrap().key(&key).unwrap()
    }
    let task = board::task(5, None, None).try_into_model().unwrap();
    let version = format!("{:020}", epoch() + 205);
    assert_eq!(key(&task), format!("html:tasks/5@{version}"));
    assert_eq!(key(("card", &task)), format!("html:card:tasks/5@{version}"));
    assert_eq!(key(task.clone().into_ex()), key(&task));
    assert_eq!(key(std::sync::Arc::new(task.clone())), key(Box::new(task)));
}
