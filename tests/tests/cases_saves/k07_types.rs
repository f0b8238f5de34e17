//! K7: keys are compared as their column's type compares them.

use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, ModelTrait, QueryFilter, Set, sea_query::Expr};
use touchable::{TouchMany, TouchRecord};
use touchable_tests::{World, cases};

use crate::{
    entities::kinds::{self, Kind, parcel, shelf, tag, tagging},
    level::{Level, on_level, on_levels},
};

/// A change of the child touches the parent that its enum names.
async fn child_of_an_enum(world: &World, level: Level) {
    kinds::populate(world).await;
    let mut parcel = world.active::<parcel::Entity>(1).await;
    parcel.note = Set("b".to_owned());
    world
        .expect_moved(&["parcels 1", "shelves wood/1"], async {
            on_level!(level, world, |db| parcel.update(db)).unwrap();
        })
        .await;
}

async fn re_parented_child_of_an_enum(world: &World, level: Level) {
    kinds::populate(world).await;
    let mut parcel = world.active::<parcel::Entity>(1).await;
    parcel.shelf_number = Set(2);
    world
        .expect_moved(&["parcels 1", "shelves wood/1", "shelves wood/2"], async {
            on_level!(level, world, |db| parcel.update(db)).unwrap();
        })
        .await;
}

async fn new_child_of_an_enum(world: &World, level: Level) {
    kinds::populate(world).await;
    let mut parcel = parcel(3);
    parcel.shelf_number = Set(1);
    world
        .expect_moved(&["+parcels 3", "shelves wood/1"], async {
            on_level!(level, world, |db| parcel.insert(db)).unwrap();
        })
        .await;
}

async fn deleted_child_of_an_enum(world: &World, level: Level) {
    kinds::populate(world).await;
    let parcel = world.model::<parcel::Entity>(1).await;
    world
        .expect_moved(&["-parcels 1", "shelves wood/1"], async {
            on_level!(level, world, |db| parcel.delete(db)).unwrap();
        })
        .await;
}

async fn parent_with_an_enum(world: &World, level: Level) {
    kinds::populate(world).await;
    let mut shelf = world.active::<shelf::Entity>((Kind::Wood, 1)).await;
    shelf.label = Set("b".to_owned());
    world
        .expect_moved(&["shelves wood/1", "parcels 1"], async {
            on_level!(level, world, |db| shelf.update(db)).unwrap();
        })
        .await;
}

/// `rust` names the tag `Rust`.
async fn child_in_another_case(world: &World, level: Level) {
    kinds::populate(world).await;
    let mut tagging = world.active::<tagging::Entity>(1).await;
    tagging.note = Set("b".to_owned());
    world
        .expect_moved(&["taggings 1", "tags Rust"], async {
            on_level!(level, world, |db| tagging.update(db)).unwrap();
        })
        .await;
}

/// `rust` names the tag `Rust`.
async fn parent_in_another_case(world: &World, level: Level) {
    kinds::populate(world).await;
    let mut tag = world.active::<tag::Entity>("Rust".to_owned()).await;
    tag.color = Set("b".to_owned());
    world
        .expect_moved(&["tags Rust", "taggings 1"], async {
            on_level!(level, world, |db| tag.update(db)).unwrap();
        })
        .await;
}

macro_rules! on_all_levels {
    ($($body:ident: $one:ident $two:ident $three:ident $four:ident;)+) => {$(
        on_levels! {
            $one = $body at Connection,
            $two = $body at Transaction,
            $three = $body at TouchConnection,
            $four = $body at TouchTransaction,
        }
        cases!(kinds::tables(), 2: $one on postgres, $two on postgres, $three on postgres, $four on postgres);
    )+};
}

on_all_levels! {
    child_of_an_enum:
        k07_a_child_of_an_enum_at_level_1 k07_a_child_of_an_enum_at_level_2
        k07_a_child_of_an_enum_at_level_3 k07_a_child_of_an_enum_at_level_4;
    re_parented_child_of_an_enum:
        k07_a_re_parented_child_of_an_enum_at_level_1 k07_a_re_parented_child_of_an_enum_at_level_2
        k07_a_re_parented_child_of_an_enum_at_level_3 k07_a_re_parented_child_of_an_enum_at_level_4;
    new_child_of_an_enum:
        k07_a_new_child_of_an_enum_at_level_1 k07_a_new_child_of_an_enum_at_level_2
        k07_a_new_child_of_an_enum_at_level_3 k07_a_new_child_of_an_enum_at_level_4;
    deleted_child_of_an_enum:
        k07_a_deleted_child_of_an_enum_at_level_1 k07_a_deleted_child_of_an_enum_at_level_2
        k07_a_deleted_child_of_an_enum_at_level_3 k07_a_deleted_child_of_an_enum_at_level_4;
    parent_with_an_enum:
        k07_a_parent_with_an_enum_at_level_1 k07_a_parent_with_an_enum_at_level_2
        k07_a_parent_with_an_enum_at_level_3 k07_a_parent_with_an_enum_at_level_4;
    child_in_another_case:
        k07_a_child_in_another_case_at_level_1 k07_a_child_in_another_case_at_level_2
        k07_a_child_in_another_case_at_level_3 k07_a_child_in_another_case_at_level_4;
    parent_in_another_case:
        k07_a_parent_in_another_case_at_level_1 k07_a_parent_in_another_case_at_level_2
        k07_a_parent_in_another_case_at_level_3 k07_a_parent_in_another_case_at_level_4;
}

async fn k07_enums_in_bulk(world: &World) {
    kinds::populate(world).await;
    let update = shelf::Entity::update_many()
        .col_expr(shelf::Column::Label, Expr::value("b"))
        .filter(shelf::Column::Number.eq(1))
        .touching();
    world
        .expect_moved(&["shelves wood/1", "parcels 1"], async {
            update.exec(&world.db).await.unwrap();
        })
        .await;
}

async fn k07_an_enum_touched_by_hand(world: &World) {
    kinds::populate(world).await;
    let parcel = world.model::<parcel::Entity>(1).await;
    world
        .expect_moved(&["parcels 1", "shelves wood/1"], async {
            parcel.touch(&world.db).await.unwrap();
        })
        .await;
}

async fn k07_an_enum_explained(world: &World) {
    kinds::populate(world).await;
    let mut parcel = world.active::<parcel::Entity>(1).await;
    parcel.note = Set("b".to_owned());
    let explained = touchable::explain(&parcel, &world.db).await.unwrap();
    assert_eq!(explained.entries()[0].keys(), ["wood/1"]);
}

cases!(kinds::tables(), 2:
    k07_enums_in_bulk on postgres,
    k07_an_enum_touched_by_hand on postgres,
    k07_an_enum_explained on postgres,
);
