//! Behaviour 1: bulk writes with `.touching()` tell of the rows that they really change.

use sea_orm::{
    ColumnTrait, EntityTrait, NotSet, QueryFilter, Set,
    sea_query::{Expr, OnConflict},
};
use touchable::TouchMany;
use touchable_tests::{
    Backend, World as Database,
    entities::published::{badge, member, node as tree, node_id, team, token},
    on_every_backend,
};

use super::{Scene, node};

async fn b01_update_many(database: &Database) {
    let scene = Scene::set(database).await;
    let renamed = || {
        team::Entity::update_many()
            .col_expr(team::Column::Name, Expr::value("team 1"))
            .filter(team::Column::Id.is_in([1, 2]))
            .touching()
    };
    scene
        .expect(&["teams 2", "members 2/1"], renamed().exec(&scene.db))
        .await
        .unwrap();
    scene.expect(&[], renamed().exec(&scene.db)).await.unwrap();
    let none = token::Entity::update_many()
        .col_expr(token::Column::Label, Expr::value("b"))
        .filter(token::Column::Id.eq(99));
    scene.expect(&[], none.touching().exec(&scene.db)).await.unwrap();
}

async fn b01_delete_many(database: &Database) {
    let scene = Scene::set(database).await;
    let members = member::Entity::delete_many().filter(member::Column::No.eq(1));
    scene
        .expect(
            &["-members 1/1", "-members 2/1", "teams 1", "teams 2"],
            members.touching().exec(&scene.db),
        )
        .await
        .unwrap();
    let leaf = tree::Entity::delete_many().filter(tree::Column::Id.eq(node_id(3)));
    scene
        .expect(
            &[&node("-", 3), &node("", 2), &node("", 1)],
            leaf.touching().exec(&scene.db),
        )
        .await
        .unwrap();
}

async fn b01_insert_many_with_keys(database: &Database) {
    let scene = Scene::set(database).await;
    let result = scene
        .expect(
            &["+members 3/1", "+members 3/2", "teams 3"],
            member::Entity::insert_many([member(3, 1), member(3, 2)])
                .touching()
                .exec(&scene.db),
        )
        .await
        .unwrap();
    assert_eq!(result.last_insert_id, Some((3, 2)));
    let nobody = member::Entity::insert_many(Vec::<member::ActiveModel>::new());
    scene
        .expect(&[], nobody.touching().exec(&scene.db))
        .await
        .unwrap();
}

fn tokens() -> [token::ActiveModel; 2] {
    [Set("b".to_owned()), Set("c".to_owned())].map(|label| token::ActiveModel {
        id: NotSet,
        label,
        ..Default::default()
    })
}

/// MariaDB returns no keys: nothing is written.
async fn b01_insert_many_with_generated_keys(database: &Database) {
    let scene = Scene::set(database).await;
    let insert = token::Entity::insert_many(tokens()).touching();
    if database.backend == Backend::MariaDb {
        let refused = scene.expect(&[], insert.exec(&scene.db)).await.unwrap_err();
        assert!(refused.is_unpublished(), "{refused}");
        assert!(refused.to_string().contains("set the primary key"), "{refused}");
        return;
    }
    let result = scene
        .expect(&["+tokens 3", "+tokens 4"], insert.exec(&scene.db))
        .await
        .unwrap();
    assert_eq!(result.last_insert_id, Some(4));
    let plainly = token::Entity::insert_many(tokens()).touching();
    plainly.exec(&scene.db.clone().unpublished()).await.unwrap();
}

async fn b01_insert_many_on_conflict(database: &Database) {
    let scene = Scene::set(database).await;
    let conflict = OnConflict::column(badge::Column::Code)
        .do_nothing_on([badge::Column::Code])
        .to_owned();
    let insert = badge::Entity::insert_many([badge("gold"), badge("tin")])
        .on_conflict(conflict)
        .touching();
    if database.backend == Backend::MariaDb {
        let refused = scene.expect(&[], insert.exec(&scene.db)).await.unwrap_err();
        assert!(refused.is_unpublished(), "{refused}");
        return;
    }
    scene
        .expect(&["+badges tin"], insert.exec(&scene.db))
        .await
        .unwrap();
}

on_every_backend!(published:
    b01_delete_many,
    b01_insert_many_on_conflict,
    b01_insert_many_with_generated_keys,
    b01_insert_many_with_keys,
    b01_update_many,
);
