//! Inputs that once gave a wrong result. A case says what is right; the ones that are listed as failing have to fail.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// A case that does not hold yet. A binary of cases lists its own in `known.rs`; the list can only become shorter.
#[derive(Clone, Copy, Debug)]
pub struct FailingCase {
    /// The name of the case.
    pub case: &'static str,
    /// The places where it fails: backends, such as `postgres`, or `here` for a case without one.
    pub places: &'static [&'static str],
    /// A part of what its panic says, so that it is known to fail for the reason it is listed for.
    pub says: &'static str,
}

/// Runs a case, and holds its outcome against the list of those that fail today.
///
/// # Panics
///
/// Panics when a case fails that is not listed, when a listed one passes, and when it fails for another reason than the
/// listed one.
pub fn judge(failing: &[FailingCase], case: &str, place: &str, body: impl FnOnce()) {
    let known = failing
        .iter()
        .find(|known| known.case == case && known.places.contains(&place));
    let outcome = catch_unwind(AssertUnwindSafe(body));
    match (known, outcome) {
        (None, Ok(())) => {}
        (None, Err(panic)) => resume_unwind(panic),
        (Some(_), Ok(())) => panic!("`{case}` holds on {place}: take it off the list of failing cases"),
        (Some(known), Err(panic)) => {
            let said = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or_default();
            if !said.contains(known.says) {
                eprintln!("`{case}` is listed to fail with: {}", known.says);
                resume_unwind(panic);
            }
        }
    }
}

/// Makes a test of every case in the list on every backend that follows it.
///
/// Before the colon stand the tables (an expression) and the number of pooled connections, as in
/// [`on_every_backend!`](crate::on_every_backend). The binary lists those that fail in `crate::known::FAILING`.
#[macro_export]
#[expect(
    clippy::crate_in_macro_def,
    reason = "the list is the one of the binary that has the cases"
)]
macro_rules! cases {
    ($tables:expr, $connections:literal: $($case:ident on $($backend:ident)+),+ $(,)?) => {$(
        mod $case {
            use super::*;

            $(
                #[test]
                fn $backend() {
                    $crate::judge(crate::known::FAILING, stringify!($case), stringify!($backend), || {
                        $crate::run($crate::Backend::$backend(), $tables, $connections, &super::$case);
                    });
                }
            )+
        }
    )+};
}
