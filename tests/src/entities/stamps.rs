//! Touch columns of every type, and the columns that live beside them: `created_at`, a version, other names.

use crate::Table;

/// The tables.
#[must_use]
pub fn tables() -> Vec<Table> {
    vec![
        Table::of::<utc::Entity>(),
        Table::of::<zoned::Entity>(),
        Table::of::<naive::Entity>(),
        Table::of::<optional_utc::Entity>(),
        Table::of::<optional_zoned::Entity>(),
        Table::of::<optional_naive::Entity>(),
        Table::of::<offset::Entity>(),
        Table::of::<primitive::Entity>(),
        Table::of::<optional_offset::Entity>(),
        Table::of::<optional_primitive::Entity>(),
        Table::of::<dated::Entity>().touched_by("modified_at"),
        Table::of::<born::Entity>(),
        Table::of::<counted::Entity>().touched_by("changed"),
        Table::of::<page::Entity>().touched_by("seen_on"),
    ]
}

macro_rules! notes_stamped_with {
    ($($module:ident, $table:literal: [$($kind:tt)+],)+) => {$(
        pub mod $module {
            use sea_orm::entity::prelude::*;
            use touchable::Touchable;

            #[sea_orm::model]
            #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
            #[sea_orm(table_name = $table)]
            pub struct Model {
                #[sea_orm(primary_key)]
                pub id: i32,
                pub text: String,
                pub updated_at: $($kind)+,
            }
        }
    )+};
}

notes_stamped_with! {
    utc, "notes_utc": [DateTimeUtc],
    zoned, "notes_zoned": [DateTimeWithTimeZone],
    naive, "notes_naive": [DateTime],
    optional_utc, "notes_optional_utc": [Option<DateTimeUtc>],
    optional_zoned, "notes_optional_zoned": [Option<DateTimeWithTimeZone>],
    optional_naive, "notes_optional_naive": [Option<DateTime>],
    offset, "notes_offset": [TimeDateTimeWithTimeZone],
    primitive, "notes_primitive": [TimeDateTime],
    optional_offset, "notes_optional_offset": [Option<TimeDateTimeWithTimeZone>],
    optional_primitive, "notes_optional_primitive": [Option<TimeDateTime>],
}

/// Other names for the touch column and the moment of birth, and a version.
pub mod dated {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "dated")]
    #[touchable(updated_at = modified_at, created_at = born_at, version = lock_no)]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub text: String,
        pub born_at: DateTime,
        pub modified_at: DateTimeWithTimeZone,
        pub lock_no: i32,
    }
}

/// A moment of birth under its usual name.
pub mod born {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "born")]
    #[touchable(created_at)]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub text: String,
        pub created_at: Option<DateTimeUtc>,
        pub updated_at: DateTimeUtc,
    }
}

/// A name in the database that differs from the field's, a keyword among the columns, and another type of version.
pub mod counted {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "counted")]
    #[touchable(version = revision)]
    #[touch(pages, on_fields = [r#type])]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        #[sea_orm(column_name = "kind")]
        pub r#type: String,
        #[sea_orm(column_name = "changed")]
        pub updated_at: DateTimeUtc,
        pub revision: i64,
        #[sea_orm(has_many)]
        pub pages: HasMany<super::page::Entity>,
    }
}

/// All columns under other names.
pub mod page {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "order", rename_all = "UPPERCASE")]
    #[touchable(updated_at = seen)]
    #[touch(counted)]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub body: String,
        pub counted_id: i32,
        #[sea_orm(column_name = "seen_on")]
        pub seen: DateTimeUtc,
        #[sea_orm(belongs_to, from = "counted_id", to = "id", on_delete = "Cascade")]
        pub counted: BelongsTo<super::counted::Entity>,
    }
}
