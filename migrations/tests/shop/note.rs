//! About a category or something else: its `subject_type` says which table its `subject_id` is a key of.

use sea_orm::entity::prelude::*;
use touchable::Touchable;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
#[sea_orm(table_name = "notes")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub subject_type: String,
    pub subject_id: i32,
    pub text: String,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::category::Entity",
        from = "Column::SubjectId",
        to = "super::category::Column::Id",
        skip_fk
    )]
    Category,
}
