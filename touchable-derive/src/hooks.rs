//! The hooks of an entity: calls, and nothing else.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Visibility;

/// The four helpers, and the behavior that calls them unless the application has its own.
pub fn hooks(vis: &Visibility, manual: bool) -> TokenStream {
    let helpers = helpers(vis);
    let behavior = if manual { TokenStream::new() } else { behavior() };
    quote!(#helpers #behavior)
}

fn helpers(vis: &Visibility) -> TokenStream {
    quote! {
        #[automatically_derived]
        impl ActiveModel {
            /// Touchable's part of `ActiveModelBehavior::before_save`.
            ///
            /// # Errors
            ///
            /// When the stored row cannot be read.
            #vis async fn touch_before_save<C>(
                self,
                db: &C,
                insert: bool,
            ) -> ::core::result::Result<Self, ::touchable::__private::sea_orm::DbErr>
            where
                C: ::touchable::__private::sea_orm::ConnectionTrait,
            {
                ::touchable::__private::before_save::<Self, C>(self, db, insert).await
            }

            /// Touchable's part of `ActiveModelBehavior::after_save`.
            ///
            /// # Errors
            ///
            /// When the touches of the save fail.
            #vis async fn touch_after_save<C>(
                model: Model,
                db: &C,
                insert: bool,
            ) -> ::core::result::Result<Model, ::touchable::__private::sea_orm::DbErr>
            where
                C: ::touchable::__private::sea_orm::ConnectionTrait,
            {
                ::touchable::__private::after_save::<Self, C>(model, db, insert).await
            }

            /// Touchable's part of `ActiveModelBehavior::before_delete`.
            ///
            /// # Errors
            ///
            /// When the associated rows cannot be read.
            #vis async fn touch_before_delete<C>(
                self,
                db: &C,
            ) -> ::core::result::Result<Self, ::touchable::__private::sea_orm::DbErr>
            where
                C: ::touchable::__private::sea_orm::ConnectionTrait,
            {
                ::touchable::__private::before_delete::<Self, C>(self, db).await
            }

            /// Touchable's part of `ActiveModelBehavior::after_delete`.
            ///
            /// # Errors
            ///
            /// When the touches of the deletion fail.
            #vis async fn touch_after_delete<C>(
                self,
                db: &C,
            ) -> ::core::result::Result<Self, ::touchable::__private::sea_orm::DbErr>
            where
                C: ::touchable::__private::sea_orm::ConnectionTrait,
            {
                ::touchable::__private::after_delete::<Self, C>(self, db).await
            }
        }
    }
}

fn behavior() -> TokenStream {
    quote! {
        #[automatically_derived]
        #[::touchable::__private::async_trait::async_trait]
        impl ::touchable::__private::sea_orm::ActiveModelBehavior for ActiveModel {
            async fn before_save<C>(
                self,
                db: &C,
                insert: bool,
            ) -> ::core::result::Result<Self, ::touchable::__private::sea_orm::DbErr>
            where
                C: ::touchable::__private::sea_orm::ConnectionTrait,
            {
                self.touch_before_save(db, insert).await
            }

            async fn after_save<C>(
                model: Model,
                db: &C,
                insert: bool,
            ) -> ::core::result::Result<Model, ::touchable::__private::sea_orm::DbErr>
            where
                C: ::touchable::__private::sea_orm::ConnectionTrait,
            {
                Self::touch_after_save(model, db, insert).await
            }

            async fn before_delete<C>(
                self,
                db: &C,
            ) -> ::core::result::Result<Self, ::touchable::__private::sea_orm::DbErr>
            where
                C: ::touchable::__private::sea_orm::ConnectionTrait,
            {
                self.touch_before_delete(db).await
            }

            async fn after_delete<C>(
                self,
                db: &C,
            ) -> ::core::result::Result<Self, ::touchable::__private::sea_orm::DbErr>
            where
                C: ::touchable::__private::sea_orm::ConnectionTrait,
            {
                self.touch_after_delete(db).await
            }
        }
    }
}
