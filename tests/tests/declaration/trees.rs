//! Entities that lead to themselves, directly and through a junction.

mod staff {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "staff")]
    #[touch(reports_to)]
    #[touch(manages, on_fields = [name])]
    #[touch(followers, on_fields = [name])]
    #[touch(following, on_fields = [name])]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub reports_to_id: Option<i32>,
        pub updated_at: DateTimeUtc,
        #[sea_orm(
            self_ref,
            relation_enum = "ReportsTo",
            relation_reverse = "Manages",
            from = "reports_to_id",
            to = "id"
        )]
        pub reports_to: BelongsTo<Option<Entity>>,
        #[sea_orm(self_ref, relation_enum = "Manages", relation_reverse = "ReportsTo")]
        pub manages: HasMany<Entity>,
        #[sea_orm(self_ref, via = "staff_follower", from = "Staff", to = "Follower")]
        pub followers: HasMany<Entity>,
        #[sea_orm(self_ref, via = "staff_follower", reverse)]
        pub following: HasMany<Entity>,
    }
}

mod staff_follower {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "staff_followers")]
    #[touch(staff)]
    #[touch(follower)]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub staff_id: i32,
        #[sea_orm(primary_key)]
        pub follower_id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "staff_id", to = "id")]
        pub staff: BelongsTo<super::staff::Entity>,
        #[sea_orm(belongs_to, relation_enum = "Follower", from = "follower_id", to = "id")]
        pub follower: BelongsTo<super::staff::Entity>,
    }
}

#[test]
fn self_references() {
    assert_eq!(
        super::rules::<staff::Entity>(),
        [
            "reports_to: any; on create+update+delete; [] staff.reports_to_id -> staff.id",
            "manages: only name; on create+update+delete; [] staff.id -> staff.reports_to_id",
            "followers: only name; on create+update+delete; [] \
             staff.id -> staff_followers.staff_id, staff_followers.follower_id -> staff.id",
            "following: only name; on create+update+delete; [] \
             staff.id -> staff_followers.follower_id, staff_followers.staff_id -> staff.id",
        ]
    );
    assert_eq!(
        super::rules::<staff_follower::Entity>(),
        [
            "staff: any; on create+update+delete; [] staff_followers.staff_id -> staff.id",
            "follower: any; on create+update+delete; [] staff_followers.follower_id -> staff.id",
        ]
    );
}
