#![deny(warnings)]

mod event {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "events")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        #[deprecated = "read it with `version()`"]
        pub updated_at: DateTimeUtc,
    }
}

compile_error!("this is the only error");

fn main() {}
