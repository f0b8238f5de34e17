//! Its products show its name, and the categories of its products how often it changes.

use sea_orm::entity::prelude::*;
use touchable::Touchable;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
#[sea_orm(table_name = "suppliers")]
#[touch(Product, on_fields = [name])]
#[touch(linked = SupplierToCategories)]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub name: String,
    pub city: String,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(has_many = "super::product::Entity")]
    Product,
}

impl Related<super::product::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Product.def()
    }
}

#[derive(Clone, Copy, Debug)]
pub struct SupplierToCategories;

impl Linked for SupplierToCategories {
    type FromEntity = Entity;
    type ToEntity = super::category::Entity;

    fn link(&self) -> Vec<RelationDef> {
        vec![Relation::Product.def(), super::product::Relation::Category.def()]
    }
}
