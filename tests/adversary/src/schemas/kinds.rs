//! Keys of types that PostgreSQL alone knows: an enum, and text in which case does not count.
//!
//! ```text
//! shelf (kind, name) ──label──► parcels      parcel ──any──► shelf
//! ```

use sea_orm::Value;
use touchable_tests::Backend;

use super::{nothing, typed_postgres::citext};
use crate::{
    perform::entity,
    schema::{Column, Hop, Rule, Schema, Table},
};

const SHELF: usize = 0;
const PARCEL: usize = 1;

/// The schema.
#[must_use]
pub fn schema(_: Backend) -> Schema {
    let keys = [(Kind::Wood, "Rust"), (Kind::Wood, "go"), (Kind::Metal, "rust")];
    let shelf = Table::with_key(
        entity::<shelf::Entity>(),
        2,
        keys.map(|(kind, name)| vec![kind.into(), name.into()]).into(),
        vec![
            Column::of("kind", keys.map(|(kind, _)| kind)),
            Column::of("name", keys.map(|(_, name)| name)),
            Column::of("label", ["a", "b"]),
            Column::note(),
        ],
    );
    let parcel = Table::new(
        entity::<parcel::Entity>(),
        "id",
        [1, 2, 3],
        vec![
            Column::of(
                "shelf_kind",
                [Value::from(Kind::Wood), Kind::Metal.into(), no_kind()],
            )
            .leads(),
            Column::of("shelf_name", ["Rust", "rust", "Go", "RUST"])
                .seeds([1, 2])
                .leads(),
            Column::note(),
        ],
    );
    let to_shelf = Hop::to(SHELF, "shelf_kind", "kind").and("shelf_name", "name");
    let to_parcel = Hop::to(PARCEL, "kind", "shelf_kind").and("name", "shelf_name");
    Schema {
        name: "kinds",
        backends: &[Backend::Postgres],
        tables: vec![shelf, parcel],
        rules: vec![
            Rule::only(SHELF, ["label"], vec![to_parcel.caseless()]),
            Rule::any(PARCEL, vec![to_shelf.caseless()]),
        ],
        before: |backend| {
            let mut all = citext(backend);
            all.push("CREATE TYPE kind AS ENUM ('wood', 'metal')".to_owned());
            all
        },
        after: nothing,
    }
}

/// NULL as a kind.
fn no_kind() -> Value {
    Value::from(None::<Kind>)
}

/// A type of the database's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sea_orm::EnumIter, sea_orm::DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "kind")]
pub enum Kind {
    #[sea_orm(string_value = "wood")]
    Wood,
    #[sea_orm(string_value = "metal")]
    Metal,
}

mod shelf {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "shelves")]
    #[touch(parcels, on_fields = [label])]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub kind: super::Kind,
        #[sea_orm(primary_key, auto_increment = false, column_type = "custom(\"citext\")")]
        pub name: String,
        pub label: String,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub parcels: HasMany<super::parcel::Entity>,
    }
}

mod parcel {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "parcels")]
    #[touch(shelf)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub shelf_kind: Option<super::Kind>,
        #[sea_orm(column_type = "custom(\"citext\")")]
        pub shelf_name: String,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "(shelf_kind, shelf_name)", to = "(kind, name)")]
        pub shelf: BelongsTo<Option<super::shelf::Entity>>,
    }
}
