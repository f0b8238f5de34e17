//! K8: a bulk insert or upsert touches as if each row had been saved.

use sea_orm::{ConnectionTrait, DbErr, EntityTrait, NotSet, Set, TransactionTrait, sea_query::OnConflict};
use touchable::TouchMany;
use touchable_tests::{
    World, cases,
    entities::{board, outer, tags},
};

use crate::{
    entities::{houses, resident, two_houses},
    levels::on_levels,
};

fn event(id: i32, name: &str, location: &str) -> board::event::ActiveModel {
    board::event::ActiveModel {
        name: Set(name.to_owned()),
        location: Set(location.to_owned()),
        updated_at: NotSet,
        ..board::event(id)
    }
}

fn on_id_update(columns: &[board::event::Column]) -> OnConflict {
    OnConflict::column(board::event::Column::Id)
        .update_columns(columns.iter().copied())
        .to_owned()
}

/// One event is there already and gets another name, one is new.
async fn rename(db: &(impl ConnectionTrait + TransactionTrait)) -> Result<(), DbErr> {
    use board::event::Column::{Name, UpdatedAt};
    board::event::Entity::insert_many([event(1, "renamed", "here"), event(9, "new", "here")])
        .on_conflict(on_id_update(&[Name, UpdatedAt]))
        .touching()
        .exec(db)
        .await?;
    Ok(())
}

on_levels!(
    board::populate, rename, ["events 1", "+events 9", "tasks 1", "tasks 2", "tasks 3"] =>
    1 k08_upsert_of_a_watched_column_at_level_1,
    2 k08_upsert_of_a_watched_column_at_level_2,
    3 k08_upsert_of_a_watched_column_at_level_3,
    4 k08_upsert_of_a_watched_column_at_level_4,
);

/// The columns to update leave out the touch column.
async fn relocate(db: &(impl ConnectionTrait + TransactionTrait)) -> Result<(), DbErr> {
    board::event::Entity::insert_many([event(1, "event 1", "there")])
        .on_conflict(on_id_update(&[board::event::Column::Location]))
        .touching()
        .exec(db)
        .await?;
    Ok(())
}

on_levels!(
    board::populate, relocate, ["events 1"] =>
    1 k08_upsert_without_the_touch_column_at_level_1,
    2 k08_upsert_without_the_touch_column_at_level_2,
    3 k08_upsert_without_the_touch_column_at_level_3,
    4 k08_upsert_without_the_touch_column_at_level_4,
);

cases!(board::tables(), 1:
    k08_upsert_of_a_watched_column_at_level_1 on sqlite postgres mariadb,
    k08_upsert_of_a_watched_column_at_level_2 on sqlite postgres mariadb,
    k08_upsert_of_a_watched_column_at_level_3 on sqlite postgres mariadb,
    k08_upsert_of_a_watched_column_at_level_4 on sqlite postgres mariadb,
    k08_upsert_without_the_touch_column_at_level_1 on sqlite postgres mariadb,
    k08_upsert_without_the_touch_column_at_level_2 on sqlite postgres mariadb,
    k08_upsert_without_the_touch_column_at_level_3 on sqlite postgres mariadb,
    k08_upsert_without_the_touch_column_at_level_4 on sqlite postgres mariadb,
);

/// Task 1 moves from event 1 to event 3, and so from calendar 1 to calendar 2.
async fn move_task(db: &(impl ConnectionTrait + TransactionTrait)) -> Result<(), DbErr> {
    use outer::task::Column::{EventId, Id, UpdatedAt};
    let moved = outer::task::ActiveModel {
        updated_at: NotSet,
        ..outer::task(1, Some(3), Some(1))
    };
    outer::task::Entity::insert_many([moved])
        .on_conflict(
            OnConflict::column(Id)
                .update_columns([EventId, UpdatedAt])
                .to_owned(),
        )
        .touching()
        .exec(db)
        .await?;
    Ok(())
}

on_levels!(
    outer::populate, move_task, ["tasks 1", "events 1", "events 3", "calendars 1", "calendars 2"] =>
    1 k08_upsert_of_a_foreign_key_at_level_1,
    2 k08_upsert_of_a_foreign_key_at_level_2,
    3 k08_upsert_of_a_foreign_key_at_level_3,
    4 k08_upsert_of_a_foreign_key_at_level_4,
);

cases!(outer::tables(), 1:
    k08_upsert_of_a_foreign_key_at_level_1 on sqlite postgres mariadb,
    k08_upsert_of_a_foreign_key_at_level_2 on sqlite postgres mariadb,
    k08_upsert_of_a_foreign_key_at_level_3 on sqlite postgres mariadb,
    k08_upsert_of_a_foreign_key_at_level_4 on sqlite postgres mariadb,
);

/// Task 1 is there, as it is given.
async fn upsert_as_stored(db: &(impl ConnectionTrait + TransactionTrait)) -> Result<(), DbErr> {
    outer::task::Entity::insert_many([outer::task(1, Some(1), Some(1))])
        .on_conflict(
            OnConflict::column(outer::task::Column::Id)
                .update_columns([outer::task::Column::Title, outer::task::Column::EventId])
                .to_owned(),
        )
        .touching()
        .exec_without_returning(db)
        .await?;
    Ok(())
}

on_levels!(
    outer::populate, upsert_as_stored, [] =>
    1 k08_upsert_of_what_is_stored_at_level_1,
    2 k08_upsert_of_what_is_stored_at_level_2,
    3 k08_upsert_of_what_is_stored_at_level_3,
    4 k08_upsert_of_what_is_stored_at_level_4,
);

/// Task 1 is there, and stays in event 1; task 9 is new.
async fn insert_or_ignore(db: &(impl ConnectionTrait + TransactionTrait)) -> Result<(), DbErr> {
    outer::task::Entity::insert_many([outer::task(1, Some(3), None), outer::task(9, Some(2), None)])
        .on_conflict_do_nothing_on([outer::task::Column::Id])
        .touching()
        .exec_without_returning(db)
        .await?;
    Ok(())
}

on_levels!(
    outer::populate, insert_or_ignore, ["+tasks 9", "events 2", "calendars 1"] =>
    1 k08_a_row_that_is_ignored_at_level_1,
    2 k08_a_row_that_is_ignored_at_level_2,
    3 k08_a_row_that_is_ignored_at_level_3,
    4 k08_a_row_that_is_ignored_at_level_4,
);

cases!(outer::tables(), 1:
    k08_upsert_of_what_is_stored_at_level_1 on sqlite postgres mariadb,
    k08_upsert_of_what_is_stored_at_level_2 on sqlite postgres mariadb,
    k08_upsert_of_what_is_stored_at_level_3 on sqlite postgres mariadb,
    k08_upsert_of_what_is_stored_at_level_4 on sqlite postgres mariadb,
    k08_a_row_that_is_ignored_at_level_1 on sqlite postgres mariadb,
    k08_a_row_that_is_ignored_at_level_2 on sqlite postgres mariadb,
    k08_a_row_that_is_ignored_at_level_3 on sqlite postgres mariadb,
    k08_a_row_that_is_ignored_at_level_4 on sqlite postgres mariadb,
);

/// The database gives the resident house 1.
async fn move_in(db: &(impl ConnectionTrait + TransactionTrait)) -> Result<(), DbErr> {
    let resident = resident::ActiveModel {
        id: Set(1),
        house_id: NotSet,
        updated_at: NotSet,
    };
    resident::Entity::insert_many([resident])
        .touching()
        .exec(db)
        .await?;
    Ok(())
}

on_levels!(
    two_houses, move_in, ["+residents 1", "houses 1"] =>
    1 k08_a_default_foreign_key_at_level_1,
    2 k08_a_default_foreign_key_at_level_2,
    3 k08_a_default_foreign_key_at_level_3,
    4 k08_a_default_foreign_key_at_level_4,
);

cases!(houses(), 1:
    k08_a_default_foreign_key_at_level_1 on sqlite postgres mariadb,
    k08_a_default_foreign_key_at_level_2 on sqlite postgres mariadb,
    k08_a_default_foreign_key_at_level_3 on sqlite postgres mariadb,
    k08_a_default_foreign_key_at_level_4 on sqlite postgres mariadb,
);

/// Post 2 has tag 1 already.
async fn append_again(db: &(impl ConnectionTrait + TransactionTrait)) -> Result<(), DbErr> {
    let post = tags::post::Entity::find_by_id(2).one(db).await?;
    let tag = tags::tag::Entity::find_by_id(1).one(db).await?;
    let post: tags::post::ActiveModelEx = post.expect("post 2").into_ex().into();
    let post = post.add_tag(tag.expect("tag 1").into_ex());
    post.save(db).await?;
    Ok(())
}

on_levels!(
    tags::populate, append_again, [] =>
    1 k08_links_that_are_there_at_level_1,
    2 k08_links_that_are_there_at_level_2,
    3 k08_links_that_are_there_at_level_3,
    4 k08_links_that_are_there_at_level_4,
);

cases!(tags::tables(), 1:
    k08_links_that_are_there_at_level_1 on sqlite postgres mariadb,
    k08_links_that_are_there_at_level_2 on sqlite postgres mariadb,
    k08_links_that_are_there_at_level_3 on sqlite postgres mariadb,
    k08_links_that_are_there_at_level_4 on sqlite postgres mariadb,
);

/// Post 2 has tag 1 already, and tag 3 is new to it: both are inserted by one statement.
async fn append_both(db: &(impl ConnectionTrait + TransactionTrait)) -> Result<(), DbErr> {
    let post = tags::post::Entity::find_by_id(2).one(db).await?;
    let [there, new] = [1, 3].map(tags::tag::Entity::find_by_id);
    let (there, new) = (there.one(db).await?, new.one(db).await?);
    let post: tags::post::ActiveModelEx = post.expect("post 2").into_ex().into();
    let post = post.add_tag(there.expect("tag 1").into_ex());
    let post = post.add_tag(new.expect("tag 3").into_ex());
    post.save(db).await?;
    Ok(())
}

on_levels!(
    tags::populate, append_both, ["+post_tags 2/3", "posts 2", "tags 3"] =>
    1 k08_a_new_link_beside_one_that_is_there_at_level_1,
    2 k08_a_new_link_beside_one_that_is_there_at_level_2,
    3 k08_a_new_link_beside_one_that_is_there_at_level_3,
    4 k08_a_new_link_beside_one_that_is_there_at_level_4,
);

cases!(tags::tables(), 1:
    k08_a_new_link_beside_one_that_is_there_at_level_1 on sqlite postgres mariadb,
    k08_a_new_link_beside_one_that_is_there_at_level_2 on sqlite postgres mariadb,
    k08_a_new_link_beside_one_that_is_there_at_level_3 on sqlite postgres mariadb,
    k08_a_new_link_beside_one_that_is_there_at_level_4 on sqlite postgres mariadb,
);

/// Two links that are new, inserted by one statement: each tag hears of its own.
async fn append_two(db: &(impl ConnectionTrait + TransactionTrait)) -> Result<(), DbErr> {
    let post = tags::post::Entity::find_by_id(1).one(db).await?;
    let [one, other] = [2, 3].map(tags::tag::Entity::find_by_id);
    let (one, other) = (one.one(db).await?, other.one(db).await?);
    let post: tags::post::ActiveModelEx = post.expect("post 1").into_ex().into();
    let post = post.add_tag(one.expect("tag 2").into_ex());
    let post = post.add_tag(other.expect("tag 3").into_ex());
    post.save(db).await?;
    Ok(())
}

on_levels!(
    tags::populate, append_two, ["+post_tags 1/2", "+post_tags 1/3", "posts 1", "tags 2", "tags 3"] =>
    1 k08_two_new_links_at_level_1,
    2 k08_two_new_links_at_level_2,
    3 k08_two_new_links_at_level_3,
    4 k08_two_new_links_at_level_4,
);

cases!(tags::tables(), 1:
    k08_two_new_links_at_level_1 on sqlite postgres mariadb,
    k08_two_new_links_at_level_2 on sqlite postgres mariadb,
    k08_two_new_links_at_level_3 on sqlite postgres mariadb,
    k08_two_new_links_at_level_4 on sqlite postgres mariadb,
);

/// Another deletes the link while it is looked for: then it is new.
macro_rules! beside_a_delete {
    ($($level:tt $case:ident),+ $(,)?) => {
        $(
            async fn $case(world: &World) {
                tags::populate(world).await;
                let before = world.moments().await;
                let deleting = world.db.begin().await.unwrap();
                deleting
                    .execute_unprepared("DELETE FROM post_tags WHERE post_id = 2 AND tag_id = 1")
                    .await
                    .unwrap();
                let commit = async {
                    world.somebody_waits().await;
                    deleting.commit().await.unwrap();
                };
                tokio::join!(crate::levels::on_level!($level world append_again), commit);
                let moved = before.moved(&world.moments().await);
                assert!(moved.contains("posts 2") && moved.contains("tags 1"), "{moved:?}");
            }
        )+
        cases!(tags::tables(), 4: $($case on postgres mariadb),+);
    };
}

beside_a_delete! {
    2 k08_a_link_that_goes_meanwhile_at_level_2,
    3 k08_a_link_that_goes_meanwhile_at_level_3,
    4 k08_a_link_that_goes_meanwhile_at_level_4,
}

/// Another inserts the new link, and nobody is touched for it twice: the database does nothing.
async fn k08_a_link_that_comes_meanwhile(world: &World) {
    tags::populate(world).await;
    let before = world.moments().await;
    let inserting = world.db.begin().await.unwrap();
    inserting
        .execute_unprepared("INSERT INTO post_tags (post_id, tag_id) VALUES (2, 3)")
        .await
        .unwrap();
    let commit = async {
        world.somebody_waits().await;
        inserting.commit().await.unwrap();
    };
    tokio::join!(crate::levels::on_level!(4 world append_both), commit);
    let moved: Vec<String> = before.moved(&world.moments().await).into_iter().collect();
    assert_eq!(moved, ["+post_tags 2/3"]);
}

cases!(tags::tables(), 4: k08_a_link_that_comes_meanwhile on postgres);
