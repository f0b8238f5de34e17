//! The macros of `touchable`.

mod association;
mod ast;
mod attr;
mod errors;
mod expand;
mod fallback;
mod hooks;
mod sea_orm;
#[cfg(test)]
mod snapshot;
mod syntax;
mod template;
mod valid;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, parse_macro_input};

/// Declares which rows a save of this entity touches, and generates the hooks that touch them.
///
/// ```ignore
/// use sea_orm::entity::prelude::*;
/// use touchable::Touchable;
///
/// #[sea_orm::model]
/// #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
/// #[sea_orm(table_name = "events")]
/// #[touch(tasks, on_fields = [name])]
/// pub struct Model {
///     #[sea_orm(primary_key)]
///     pub id: i32,
///     pub name: String,
///     pub location: String,
///     pub updated_at: DateTimeUtc,
///     #[sea_orm(has_many)]
///     pub tasks: HasMany<super::task::Entity>,
/// }
/// ```
///
/// When the name of an event changes, the `updated_at` of its tasks moves with it; a new location leaves them alone.
/// The derive stands below `#[sea_orm::model]`, where it sees what SeaORM has made of the struct, and replaces
/// `impl ActiveModelBehavior for ActiveModel {}`. The entity that an association leads to derives `Touchable` too.
///
/// # `#[touch(association, ..)]`
///
/// Stands above the struct, once for each rule.
///
/// | | |
/// |---|---|
/// | `#[touch(tasks)]` | any change of this row, its creation, its deletion, and a touch of it (which is how touches cascade) |
/// | `on_fields = [name, starts_at]` | only when one of these fields changes value |
/// | `except_fields = [notes]` | only when any other field changes value |
/// | `on = [create, update, delete]` | only in these events |
/// | `on = [.., touch]` | also when this row is itself touched. A rule without a field list hears of that anyway, as long as it hears of updates |
/// | `columns = [tasks_touched_at]` | moves these columns of the touched rows instead of their touch column: a key for each fragment |
/// | `#[touch(linked = super::UserToEvents)]` | the association is a unit struct that implements `Linked` and starts at this entity |
///
/// `columns` names fields of the target; where its field has an `enum_name`, that name.
///
/// ## What an association is
///
/// * With `#[sea_orm::model]`: a relation field, whatever its attributes say (`via`, `self_ref`, `reverse`,
///   `relation_enum`). The attribute may stand on the field itself and leaves out the name then:
///   `#[touch(on_fields = [name])]`, or `#[touch]`.
/// * In the older formats: a variant of `Relation`, as in `#[touch(Task)]`. The target is `super::task::Entity` unless
///   `entity = path::to::Entity` names another. `#[touch(entity = super::tag::Entity)]` without a variant follows
///   `Related`, which is how these formats spell many-to-many.
/// * With `#[sea_orm::compact_model]`: both.
///
/// # `#[touchable(..)]`
///
/// Stands above the struct, and concerns the entity itself.
///
/// | | |
/// |---|---|
/// | `updated_at = modified_at` | the touch column; `updated_at` unless named here |
/// | `created_at`, `created_at = born_at` | this column is set on insert when the application left it out |
/// | `version = lock_no` | an integer column that counts saves and touches |
/// | `deleted = deleted_at` | an optional column that deletes the row: setting it fires the rules of a delete, clearing it those of a creation |
/// | `hooks = manual` | no `ActiveModelBehavior` is generated: write your own, and call the four helpers in it |
/// | `dirty = assigned` | every `Set` counts as a change; saves the comparison with the stored row |
/// | `feed`, `feed = "people"` | saves, touches and deletions of its rows are published on the stream with the table's name, or with this one (feature `feed`) |
///
/// Touch and creation columns hold a `DateTimeUtc`, `DateTimeWithTimeZone` or `DateTime`, one of their equivalents in
/// the crate `time` (feature `time`), or an `Option` of one. A version is an `i32`, `i64`, `u32` or `u64`.
///
/// A published entity is saved on a `TouchConnection` that was given the [producer] of its stream with `publish`; anywhere
/// else its saves are refused, and so are those of entities whose rules lead to it. A message says which row to look at:
/// `{"id": 5}`, with the key's columns as an array where there are several; with a name of its own for the stream also
/// the table, since entities can share it: `{"id": 5, "table": "users"}`.
///
/// [producer]: https://docs.rs/touchable/latest/touchable/feed/struct.Producer.html
///
/// # Hooks of your own
///
/// With `hooks = manual` the derive leaves `ActiveModelBehavior` to you and generates what yours calls. A hook without
/// its helper touches nobody.
///
/// ```ignore
/// #[async_trait::async_trait]
/// impl ActiveModelBehavior for ActiveModel {
///     async fn before_save<C: ConnectionTrait>(self, db: &C, insert: bool) -> Result<Self, DbErr> {
///         self.touch_before_save(db, insert).await
///     }
///     async fn after_save<C: ConnectionTrait>(model: Model, db: &C, insert: bool) -> Result<Model, DbErr> {
///         Self::touch_after_save(model, db, insert).await
///     }
///     async fn before_delete<C: ConnectionTrait>(self, db: &C) -> Result<Self, DbErr> {
///         self.touch_before_delete(db).await
///     }
///     async fn after_delete<C: ConnectionTrait>(self, db: &C) -> Result<Self, DbErr> {
///         self.touch_after_delete(db).await
///     }
/// }
/// ```
///
/// An error about conflicting implementations of `ActiveModelBehavior` means that this option is missing, or that the
/// empty implementation SeaORM's examples end with is still there.
#[proc_macro_derive(Touchable, attributes(touch, touchable))]
pub fn derive_touchable(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derive(&parse_macro_input!(input as DeriveInput)).into()
}

/// A template and a digest of everything it shows: its own text, and that of all files it includes, taken when the
/// program is compiled.
///
/// ```ignore
/// use touchable::cache::Template;
///
/// const CARD: Template = touchable::template!("templates/task_card.html");
/// ```
///
/// Paths start at the package's `Cargo.toml`. What Jinja and its kin (askama, minijinja, Tera) name in `include`,
/// `extends`, `import` and `from`, and Handlebars in `{{> partial}}`, is found beside the including file or in a
/// directory above the template, and so on from file to file. Comments and raw text name nothing.
///
/// * Further files belong to the digest too: `template!("templates/card.html", "src/filters.rs")`.
/// * An include whose name only rendering knows is an error, until the files it can be are listed, and `..` ends the
///   list: `template!("templates/card.html", "templates/a.html", "templates/b.html", ..)`.
/// * White space and comments count as text.
/// * An edit of any of the files compiles the crate anew.
#[proc_macro]
pub fn template(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    template::expand(input.into()).into()
}

fn derive(input: &DeriveInput) -> TokenStream {
    let mut errors = errors::Errors::default();
    let generated = match ast::read(input, &mut errors) {
        None => TokenStream::new(),
        Some(ast::Input::Shadow) => expand::shadow(),
        Some(ast::Input::Declaration(declaration)) => match valid::check(&declaration, &mut errors) {
            Some(entity) if errors.is_empty() => expand::entity(&entity),
            _ => fallback::stub(&declaration),
        },
    };
    let errors = errors.to_compile_errors();
    quote!(#errors #generated)
}
