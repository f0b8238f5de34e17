//! K7: keys are compared as their column's type compares them.

use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ColumnTrait, DbErr, EntityTrait, ModelTrait, QueryFilter, Set,
    sea_query::Expr,
};
use touchable::{TouchMany, TouchRecord};
use touchable_tests::{World, cases};

use crate::{
    entities::kinds::{self, Kind, parcel, shelf, tag, tagging},
    level::{Level, expect_on_every_level, on_level},
};

/// Makes a save at every level.
async fn expect(world: &World, moved: &[&str], save: impl AsyncFn(Level) -> Result<(), DbErr>) {
    kinds::retype(world).await;
    let tables = ["parcels", "shelves", "taggings", "tags"];
    let seed = async || kinds::populate(world).await;
    expect_on_every_level(world, &tables, moved, seed, save).await;
}

/// A change of the child touches the parent that its enum names.
async fn k07_a_child_of_an_enum(world: &World) {
    let save = async |level| {
        let mut parcel = world.active::<parcel::Entity>(1).await;
        parcel.note = Set("b".to_owned());
        on_level!(level, world, |db| parcel.update(db)).map(drop)
    };
    expect(world, &["parcels 1", "shelves wood/1"], save).await;
}

async fn k07_a_re_parented_child_of_an_enum(world: &World) {
    let save = async |level| {
        let mut parcel = world.active::<parcel::Entity>(1).await;
        parcel.shelf_number = Set(2);
        on_level!(level, world, |db| parcel.update(db)).map(drop)
    };
    expect(world, &["parcels 1", "shelves wood/1", "shelves wood/2"], save).await;
}

async fn k07_a_new_child_of_an_enum(world: &World) {
    let save = async |level| {
        let mut parcel = parcel(3);
        parcel.shelf_number = Set(1);
        parcel.updated_at = NotSet;
        on_level!(level, world, |db| parcel.insert(db)).map(drop)
    };
    expect(world, &["+parcels 3", "shelves wood/1"], save).await;
}

async fn k07_a_deleted_child_of_an_enum(world: &World) {
    let save = async |level| {
        let parcel = world.model::<parcel::Entity>(1).await;
        on_level!(level, world, |db| parcel.delete(db)).map(drop)
    };
    expect(world, &["-parcels 1", "shelves wood/1"], save).await;
}

async fn k07_a_parent_with_an_enum(world: &World) {
    let save = async |level| {
        let mut shelf = world.active::<shelf::Entity>((Kind::Wood, 1)).await;
        shelf.label = Set("b".to_owned());
        on_level!(level, world, |db| shelf.update(db)).map(drop)
    };
    expect(world, &["shelves wood/1", "parcels 1"], save).await;
}

/// `rust` names the tag `Rust`.
async fn k07_a_child_in_another_case(world: &World) {
    let save = async |level| {
        let mut tagging = world.active::<tagging::Entity>(1).await;
        tagging.note = Set("b".to_owned());
        on_level!(level, world, |db| tagging.update(db)).map(drop)
    };
    expect(world, &["taggings 1", "tags Rust"], save).await;
}

/// … and `Rust` is named by `rust`.
async fn k07_a_parent_in_another_case(world: &World) {
    let save = async |level| {
        let mut tag = world.active::<tag::Entity>("Rust".to_owned()).await;
        tag.color = Set("b".to_owned());
        on_level!(level, world, |db| tag.update(db)).map(drop)
    };
    expect(world, &["tags Rust", "taggings 1"], save).await;
}

async fn k07_enums_in_bulk(world: &World) {
    kinds::retype(world).await;
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
    kinds::retype(world).await;
    kinds::populate(world).await;
    let parcel = world.model::<parcel::Entity>(1).await;
    world
        .expect_moved(&["parcels 1", "shelves wood/1"], async {
            parcel.touch(&world.db).await.unwrap();
        })
        .await;
}

async fn k07_an_enum_explained(world: &World) {
    kinds::retype(world).await;
    kinds::populate(world).await;
    let mut parcel = world.active::<parcel::Entity>(1).await;
    parcel.note = Set("b".to_owned());
    let explained = touchable::explain(&parcel, &world.db).await.unwrap();
    assert_eq!(explained.entries()[0].keys(), ["wood/1"]);
}

cases!(kinds::tables(), 2:
    k07_a_child_of_an_enum on postgres,
    k07_a_re_parented_child_of_an_enum on postgres,
    k07_a_new_child_of_an_enum on postgres,
    k07_a_deleted_child_of_an_enum on postgres,
    k07_a_parent_with_an_enum on postgres,
    k07_a_child_in_another_case on postgres,
    k07_a_parent_in_another_case on postgres,
    k07_enums_in_bulk on postgres,
    k07_an_enum_touched_by_hand on postgres,
    k07_an_enum_explained on postgres,
);
