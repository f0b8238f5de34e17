//! Names that are not what they look like: raw identifiers, `column_name`, `rename_all`, `enum_name`, `ignore`.

mod renamed {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "renamed", rename_all = "camelCase")]
    #[touch(r#type, on_fields = [r#ref, title, shouted], columns = [bumped_at, Shape])]
    #[touch(r#type, except_fields = [r#ref, line2], on = [delete])]
    #[touchable(updated_at = modified_at)]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub r#ref: String,
        #[sea_orm(column_name = "heading")]
        pub title: String,
        #[sea_orm(enum_name = "Loud")]
        pub shouted: String,
        pub line2: i32,
        #[sea_orm(ignore)]
        pub scratch: Option<String>,
        pub type_id: i32,
        #[sea_orm(column_name = "MODIFIED")]
        pub modified_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "type_id", to = "id")]
        pub r#type: BelongsTo<super::r#type::Entity>,
    }
}

mod r#type {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "type")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        #[sea_orm(column_name = "bumped")]
        pub bumped_at: DateTimeUtc,
        #[sea_orm(enum_name = "Shape")]
        pub form: DateTimeUtc,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub renamed: HasMany<super::renamed::Entity>,
    }
}

#[test]
fn columns_are_named_through_column() {
    use sea_orm::IdenStatic;
    use touchable::Touchable;

    assert_eq!(
        super::rules::<renamed::Entity>(),
        [
            "type: only ref+heading+shouted; on create+update+delete; [bumped+shape] renamed.typeId -> type.id",
            "type: except ref+line2; on delete; [] renamed.typeId -> type.id",
        ]
    );
    assert_eq!(renamed::Entity::TOUCH_COLUMN.as_str(), "MODIFIED");
}
