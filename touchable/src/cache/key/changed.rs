//! The key of a record that a message of the feed names.

use sea_orm::{ColumnTrait, ColumnType, Iterable, PrimaryKeyToColumn};

use super::{KeyWriter, record};
use crate::{entity::Touchable, feed::Id};

/// The key that the record of an entity with this primary key has, `tasks/5`; `None` when the id does not tell it.
pub(crate) fn of<E: Touchable>(id: &Id) -> Option<String> {
    let mut key = KeyWriter::after(String::new());
    key.head(record::head::<E>());
    let values = match id {
        Id::Composite(values) => values.as_slice(),
        single => std::slice::from_ref(single),
    };
    let columns: Vec<_> = E::PrimaryKey::iter()
        .map(|column| column.into_column().def())
        .collect();
    if columns.len() != values.len() {
        return None;
    }
    for (place, (column, value)) in columns.iter().zip(values).enumerate() {
        if place > 0 {
            key.raw(',');
        }
        push(&mut key, column.get_column_type(), value)?;
    }
    Some(key.text)
}

/// Appends what a column of this type holds, where its text and its key are known to be spelled alike.
fn push(key: &mut KeyWriter, column: &ColumnType, value: &Id) -> Option<()> {
    use ColumnType as Type;
    match (column, value) {
        (column, Id::Int(number)) if is_integer(column) => key.digits(*number),
        (column, Id::Uint(number)) if is_integer(column) => key.digits(*number),
        (Type::String(_) | Type::Text, Id::Text(text)) => key.name(text),
        // Text that is shorter comes back padded from some databases.
        (Type::Char(Some(width)), Id::Text(text)) if text.chars().count() == *width as usize => {
            key.name(text);
        }
        (Type::Uuid, Id::Text(text)) => key.name(&uuid(text)?),
        _ => return None,
    }
    Some(())
}

const fn is_integer(column: &ColumnType) -> bool {
    use ColumnType as Type;
    matches!(
        column,
        Type::TinyInteger
            | Type::SmallInteger
            | Type::Integer
            | Type::BigInteger
            | Type::TinyUnsigned
            | Type::SmallUnsigned
            | Type::Unsigned
            | Type::BigUnsigned
    )
}

/// As databases write it: five groups of lower case.
fn uuid(text: &str) -> Option<String> {
    let mut digits: String = text.chars().filter(|sign| *sign != '-').collect();
    if digits.len() != 32 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    digits.make_ascii_lowercase();
    for end in [20, 16, 12, 8] {
        digits.insert(end, '-');
    }
    Some(digits)
}
