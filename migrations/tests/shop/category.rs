//! A touch column without a zone, and associations with conditions: one that saves alone make true, one that calls a
//! function.

use sea_orm::{
    entity::prelude::*,
    sea_query::{ExprTrait, Func, IntoCondition},
};
use touchable::Touchable;

use super::note;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
#[sea_orm(table_name = "categories")]
#[touch(Note)]
#[touch(LongNote, entity = note::Entity)]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub name: String,
    pub updated_at: DateTime,
}

#[derive(Copy, Clone, Debug, EnumIter)]
pub enum Relation {
    Note,
    LongNote,
}

impl RelationTrait for Relation {
    fn def(&self) -> RelationDef {
        let notes = || note::Relation::Category.def().rev();
        match self {
            Self::Note => notes().on_condition(|_, notes| {
                Expr::col((notes, note::Column::SubjectType))
                    .eq("category")
                    .into_condition()
            }),
            Self::LongNote => notes().on_condition(|_, notes| {
                let length = Func::char_length(Expr::col((notes, note::Column::Text)));
                Expr::from(length).gt(3).into_condition()
            }),
        }
    }
}
