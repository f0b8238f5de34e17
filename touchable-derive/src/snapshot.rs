//! What the macro generates, as a reader of `cargo expand` would see it.

use quote::quote;
use syn::parse_quote;

use crate::derive;

macro_rules! assert_expansion {
    ($text:expr) => {
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!($text) })
    };
}

fn expand(input: proc_macro2::TokenStream) -> String {
    let input = syn::parse2(input).expect("a struct");
    let file = syn::parse2(derive(&input)).expect("items");
    prettyplease::unparse(&file)
}

/// The expansion without the parts that are the same for every entity.
fn touchable(input: proc_macro2::TokenStream) -> String {
    let input = syn::parse2(input).expect("a struct");
    let mut file: syn::File = syn::parse2(derive(&input)).expect("items");
    let wanted: syn::Path = parse_quote!(::touchable::Touchable);
    file.items.retain(|item| match item {
        syn::Item::Impl(item) => item.trait_.as_ref().is_some_and(|(_, path, _)| *path == wanted),
        _ => true,
    });
    prettyplease::unparse(&file)
}

#[test]
fn a_dense_entity() {
    assert_expansion!(expand(quote! {
        #[sea_orm(table_name = "events")]
        #[touch(tasks, on_fields = [name])]
        pub struct ModelEx {
            #[sea_orm(primary_key)]
            pub id: i32,
            pub name: String,
            pub updated_at: DateTimeUtc,
            #[sea_orm(has_many)]
            pub tasks: HasMany<super::task::Entity>,
        }
    }));
}

#[test]
fn the_model_of_a_dense_entity() {
    assert_expansion!(expand(quote! {
        #[sea_orm(table_name = "events")]
        #[touch(tasks, on_fields = [name])]
        #[sea_orm(model_ex)]
        pub struct Model {
            #[sea_orm(primary_key)]
            pub id: i32,
            pub name: String,
            pub updated_at: DateTimeUtc,
        }
    }));
}

#[test]
fn every_way_to_another_entity() {
    assert_expansion!(touchable(quote! {
        #[touch(owner)]
        #[touch(twin)]
        #[touch(bare)]
        #[touch(tags)]
        #[touch(bakers)]
        #[touch(award)]
        #[touch(followers)]
        #[touch(following)]
        #[touch(linked = super::UserToEvents)]
        pub struct ModelEx {
            #[sea_orm(primary_key)]
            pub id: i32,
            pub updated_at: DateTimeUtc,
            #[sea_orm(belongs_to, from = "owner_id", to = "id")]
            pub owner: BelongsTo<Option<super::user::Entity>>,
            #[sea_orm(has_one, relation_enum = "other_half")]
            pub twin: HasOne<super::twin::Entity>,
            pub bare: HasMany<super::bare::Entity>,
            #[sea_orm(has_many, via = "post_tag")]
            pub tags: HasMany<super::tag::Entity>,
            #[sea_orm(has_many, via = "cake_baker::Cake")]
            pub bakers: HasMany<super::baker::Entity>,
            #[sea_orm(has_one, via = "prize", relation_enum = "Medal")]
            pub award: HasOne<super::award::Entity>,
            #[sea_orm(self_ref, via = "follower", from = "User", to = "Follower")]
            pub followers: HasMany<Entity>,
            #[sea_orm(self_ref, via = "follower", reverse)]
            pub following: HasMany<Entity>,
        }
    }));
}

#[test]
fn every_option_in_a_legacy_entity() {
    assert_expansion!(touchable(quote! {
        #[touch(Task, except_fields = [r#ref], on = [create, delete, touch], columns = [tasks_touched_at])]
        #[touch(Parent, entity = Entity)]
        #[touch(entity = super::tag::Entity)]
        #[touch(Type)]
        #[touchable(updated_at = moved_at, created_at = born_at)]
        #[touchable(version = lock_no, deleted = gone_at, hooks = manual, dirty = assigned, feed = "people")]
        struct Model {
            #[sea_orm(primary_key)]
            id: i32,
            #[sea_orm(enum_name = "Pointer")]
            r#ref: i32,
            moved_at: Option<DateTimeUtc>,
            born_at: DateTime,
            lock_no: i64,
            gone_at: Option<DateTimeUtc>,
        }
    }));
}

#[test]
fn a_mistake_leaves_a_stub() {
    assert_expansion!(touchable(quote! {
        #[touch(task)]
        #[touchable(created = now)]
        pub struct ModelEx {
            #[sea_orm(primary_key)]
            pub id: i32,
            #[sea_orm(has_many)]
            pub tasks: HasMany<super::task::Entity>,
        }
    }));
}
