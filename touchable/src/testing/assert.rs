//! The assertions.

/// Awaits a future and asserts that exactly these rows were touched, no others; returns what the future returns.
///
/// Takes a connection or a transaction (by value or reference), a list of models, and a future: `event.update(&db)` or
/// an `async` block, in braces or not. See [the module](crate::testing) for what counts as touched.
///
/// # Panics
/// When other rows were touched than these: the message lists the rows that are missing and those that are too many,
/// as `tasks/5`. When the database cannot be read.
#[macro_export]
macro_rules! assert_touched {
    ($db:expr, [$($record:expr),* $(,)?], $action:expr $(,)?) => {{
        use $crate::testing::{Record as _, Watch as _};
        let rows = ::std::vec![$($record.touched_row()),*];
        #[allow(unused_braces)]
        let action = $action;
        let (output, moved) = $db.watch_touches(rows, action).await;
        if let ::core::option::Option::Some(complaint) = moved.unless_exactly_listed() {
            ::core::panic!("{complaint}");
        }
        output
    }};
}

/// Awaits a future and asserts that none of these rows was touched, or, without a list, none at all; returns what the
/// future returns.
///
/// A listed row must not move by a save of its own either. See [`assert_touched!`](crate::assert_touched).
///
/// # Panics
/// When one of the rows was touched: the message lists them as `tasks/5`. When the database cannot be read.
#[macro_export]
macro_rules! assert_not_touched {
    ($db:expr, [$($record:expr),* $(,)?], $action:expr $(,)?) => {{
        use $crate::testing::{Record as _, Watch as _};
        let rows = ::std::vec![$($record.touched_row()),*];
        #[allow(unused_braces)]
        let action = $action;
        let (output, moved) = $db.watch_touches(rows, action).await;
        if let ::core::option::Option::Some(complaint) = moved.unless_listed_stayed() {
            ::core::panic!("{complaint}");
        }
        output
    }};
    ($db:expr, $action:expr $(,)?) => {
        $crate::assert_touched!($db, [], $action)
    };
}
