//! What `#[derive(Touchable)]` expands to for keys and versions.

/// Makes the records of an entity keys. Of a `ModelEx`, which is no `ModelTrait`, it is told the fields of the columns
/// that keys and versions read; of a `Model` the one that is read most.
#[doc(hidden)]
#[macro_export]
macro_rules! __records {
    ($entity:ident: $column:ident, $model:ident $(.$touch:ident: $stamp:ty)?, $active:ident $(, $model_ex:ident { $($variant:ident: $field:ident),+ })?) => {
        impl $crate::__private::Record for $model {
            type Entity = $entity;

            fn stored(&self, column: $column) -> ::core::option::Option<$crate::__private::sea_orm::Value> {
                ::core::option::Option::Some($crate::__private::record::of_model(self, column))
            }
            $(
                fn stamp(&self) -> ::core::option::Option<$crate::__private::Stamp> {
                    $crate::__private::to_stamp::<$stamp>(&self.$touch)
                }
            )?
        }
        $crate::__record!($model);

        impl $crate::__private::Record for $active {
            type Entity = $entity;

            fn stored(&self, column: $column) -> ::core::option::Option<$crate::__private::sea_orm::Value> {
                $crate::__private::record::of_active(self, column)
            }

            fn is_changed(&self) -> bool {
                $crate::__private::sea_orm::ActiveModelTrait::is_changed(self)
            }
        }
        $crate::__record!($active);

        $(
            impl $crate::__private::Record for $model_ex {
                type Entity = $entity;

                fn stored(&self, column: $column) -> ::core::option::Option<$crate::__private::sea_orm::Value> {
                    $(
                        if ::core::matches!(column, $column::$variant) {
                            return ::core::option::Option::Some(
                                ::core::convert::Into::into(::core::clone::Clone::clone(&self.$field)),
                            );
                        }
                    )+
                    ::core::option::Option::None
                }
            }
            $crate::__record!($model_ex);
        )?
    };
}

/// Makes one record a key.
#[doc(hidden)]
#[macro_export]
macro_rules! __record {
    ($record:ident) => {
        impl $crate::cache::CacheKey for $record {
            fn write_to(&self, key: &mut $crate::cache::key::KeyWriter) -> $crate::Result<()> {
                $crate::__private::record::write(self, key)
            }
        }

        impl $crate::cache::Versioned for $record {
            fn write_key_to(&self, key: &mut $crate::cache::key::KeyWriter) -> $crate::Result<()> {
                $crate::__private::record::write_key(self, key)
            }

            fn cache_version(&self) -> $crate::Result<$crate::cache::Version> {
                $crate::__private::record::version(self)
            }

            fn touched_at(&self) -> ::core::option::Option<$crate::Stamp> {
                $crate::__private::Record::stamp(self)
            }
        }
    };
}
