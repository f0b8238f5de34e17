//! R: what a reading of the engine found, before anybody met it.

use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, Set, Unchanged};
use touchable_tests::{Backend, World, at, cases, entities::board};

use crate::{
    entities::readings::{self, latin, meter, padded},
    level::{Level, expect_on_every_level, on_level},
};

async fn two_tasks(world: &World) {
    world.seed([board::event(1)]).await;
    world.seed([1, 2].map(|id| board::task(id, Some(1), None))).await;
}

/// A count of rows is all that SeaORM has to tell it from an update of no row.
async fn r_an_unchanged_save_that_returns_no_row(world: &World) {
    let save = async |level| {
        let mut event = world.active::<board::event::Entity>(1).await;
        event.name = Set("event 1".to_owned());
        on_level!(level, world, |db| event.update_without_returning(db)).map(drop)
    };
    let seed = async || two_tasks(world).await;
    expect_on_every_level(world, &["tasks", "events"], &[], seed, save).await;
}

cases!(board::tables(), 2: r_an_unchanged_save_that_returns_no_row on sqlite postgres mariadb);

/// What the trigger of the save writes, the touch of the same statement would not see.
async fn r_a_trigger_that_writes_what_is_touched(world: &World) {
    for sql in [
        "CREATE FUNCTION retitle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         UPDATE tasks SET title = NEW.name WHERE event_id = NEW.id; RETURN NEW; END $$",
        "CREATE TRIGGER retitle BEFORE UPDATE ON events FOR EACH ROW EXECUTE FUNCTION retitle()",
    ] {
        world.db.execute_unprepared(sql).await.unwrap();
    }
    let save = async |level| {
        let mut event = world.active::<board::event::Entity>(1).await;
        event.name = Set("renamed".to_owned());
        on_level!(level, world, |db| event.update(db)).map(drop)
    };
    let seed = async || two_tasks(world).await;
    expect_on_every_level(
        world,
        &["tasks", "events"],
        &["events 1", "tasks 1", "tasks 2"],
        seed,
        save,
    )
    .await;
}

cases!(board::tables(), 2: r_a_trigger_that_writes_what_is_touched on postgres);

/// The database's own refusal, and nothing is touched.
async fn r_a_save_that_the_database_refuses(world: &World) {
    two_tasks(world).await;
    world
        .db
        .execute_unprepared("CREATE UNIQUE INDEX events_name ON events (name)")
        .await
        .unwrap();
    world.seed([board::event(2)]).await;
    let db = touchable::connect(world.db.clone());
    let mut event = world.active::<board::event::Entity>(1).await;
    event.name = Set("event 2".to_owned());
    let refused = world.expect_moved(&[], event.update(&db)).await.unwrap_err();
    let refused = touchable::Error::from(refused);
    assert_eq!(refused.table(), None, "no touch failed: {refused}");
    let error = DbErr::from(refused);
    assert!(
        matches!(
            error.sql_err(),
            Some(sea_orm::SqlErr::UniqueConstraintViolation(_))
        ),
        "{error}"
    );
}

cases!(board::tables(), 2: r_a_save_that_the_database_refuses on sqlite postgres mariadb);

/// It is named, though the touch may have been sent together with the save.
async fn r_a_touch_that_the_database_refuses(world: &World) {
    two_tasks(world).await;
    let refusing: &[&str] = match world.backend {
        Backend::Sqlite => {
            &["CREATE TRIGGER refuse BEFORE UPDATE ON tasks BEGIN SELECT RAISE(ABORT, 'refused'); END"]
        }
        Backend::Postgres => &[
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$",
            "CREATE TRIGGER refuse BEFORE UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION refuse()",
        ],
        Backend::MariaDb => &[
            "CREATE TRIGGER refuse BEFORE UPDATE ON tasks FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'refused'",
        ],
    };
    for sql in refusing {
        world.db.execute_unprepared(sql).await.unwrap();
    }
    let db = touchable::connect(world.db.clone());
    let mut event = world.active::<board::event::Entity>(1).await;
    event.name = Set("renamed".to_owned());
    let refused = world.expect_moved(&[], event.update(&db)).await.unwrap_err();
    let refused = touchable::Error::from(refused);
    assert_eq!(refused.table(), Some("tasks"), "{refused}");
    assert!(refused.to_string().contains("refused"), "{refused}");
    assert_eq!(world.model::<board::event::Entity>(1).await.name, "event 1");
}

cases!(board::tables(), 2: r_a_touch_that_the_database_refuses on sqlite postgres mariadb);

/// What `char(5)` is read with, it is written without.
async fn r_a_padded_text_again(world: &World) {
    let seed = async || {
        readings::populate(world).await;
        world.seed([padded::row("ab".to_owned())]).await;
    };
    let save = async |level| {
        let mut reading = world.active::<padded::Entity>(1).await;
        reading.value = Set(reading.value.unwrap());
        on_level!(level, world, |db| reading.update(db)).map(drop)
    };
    expect_on_every_level(world, &["readings", "meters"], &[], seed, save).await;
}

cases!(readings::tables::<padded::Entity>(), 2: r_a_padded_text_again on sqlite postgres mariadb);

/// The bytes of one text in one character set can be those of another in another.
async fn r_a_text_of_another_character_set(world: &World) {
    let sql = "ALTER TABLE readings MODIFY value varchar(20) CHARACTER SET latin1 NOT NULL";
    world.db.execute_unprepared(sql).await.unwrap();
    for (stored, set, moved) in [
        ("\u{c3}\u{a9}", "\u{e9}", &["readings 1", "meters 1"][..]),
        ("\u{e9}", "\u{e9}", &[]),
    ] {
        let seed = async || {
            readings::populate(world).await;
            world.seed([latin::row(stored.to_owned())]).await;
        };
        let save = async |level| {
            let mut reading = world.active::<latin::Entity>(1).await;
            reading.value = Set(set.to_owned());
            on_level!(level, world, |db| reading.update(db)).map(drop)
        };
        expect_on_every_level(world, &["readings", "meters"], moved, seed, save).await;
    }
}

cases!(readings::tables::<latin::Entity>(), 2: r_a_text_of_another_character_set on mariadb);

/// A row that the model cannot hold is repaired by the save, and what shows it is touched.
async fn r_a_row_that_cannot_be_read(world: &World) {
    for level in Level::ALL {
        for sql in ["DELETE FROM readings", "DELETE FROM meters"] {
            world.db.execute_unprepared(sql).await.unwrap();
        }
        readings::populate(world).await;
        world.seed([latin::row("a".to_owned())]).await;
        let sql = "UPDATE readings SET value = CAST(X'FF' AS TEXT) WHERE id = 1";
        world.db.execute_unprepared(sql).await.unwrap();
        let reading = latin::ActiveModel {
            id: Unchanged(1),
            value: Set("b".to_owned()),
            ..Default::default()
        };
        let repaired = on_level!(level, world, |db| reading.update(db)).unwrap();
        assert_eq!(repaired.value, "b");
        let meter = world.model::<meter::Entity>(1).await;
        assert!(meter.updated_at != at(1), "{level:?}: the meter was not touched");
    }
}

cases!(readings::tables::<latin::Entity>(), 2: r_a_row_that_cannot_be_read on sqlite);

/// A condition that was null when the statements of its kind were written is asked with its value.
async fn r_a_condition_that_was_null_once(world: &World) {
    use crate::entities::drafts::{blog, post};
    world.seed([blog::row(1)]).await;
    world.seed([post::row(1, Some("live")), post::row(2, None)]).await;
    let db = touchable::connect(world.db.clone());
    let mut hidden = world.active::<post::Entity>(1).await;
    hidden.state = Set(None);
    world
        .expect_moved(&["posts 1", "blogs 1"], hidden.update(&db))
        .await
        .unwrap();
    let mut shown = world.active::<post::Entity>(2).await;
    shown.state = Set(Some("live".to_owned()));
    world
        .expect_moved(&["posts 2", "blogs 1"], shown.update(&db))
        .await
        .unwrap();
}

cases!(crate::entities::drafts::tables(), 2: r_a_condition_that_was_null_once on sqlite postgres mariadb);
