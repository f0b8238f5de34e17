//! Shows the name and the price of its product, the price under a key of its own.

use sea_orm::entity::prelude::*;
use touchable::Touchable;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
#[sea_orm(table_name = "offers")]
#[touch(Product, on = [delete])]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub region: String,
    pub number: i32,
    pub text: String,
    pub priced_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::product::Entity",
        from = "(Column::Region, Column::Number)",
        to = "(super::product::Column::Region, super::product::Column::Number)"
    )]
    Product,
}

impl Related<super::product::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Product.def()
    }
}
