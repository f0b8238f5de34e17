mod facade {
    pub use touchable;
}

mod event {
    use sea_orm::entity::prelude::*;

    use super::facade::touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "events")]
    #[touchable(crate = crate::facade::touchable)]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub updated_at: DateTimeUtc,
    }
}

compile_error!("this is the only error");

fn main() {}
