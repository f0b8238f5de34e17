//! What fails today.

use touchable_tests::FailingCase;

/// In the order of the kinds of fault.
#[expect(dead_code, reason = "until there is a case")]
pub const FAILING: &[FailingCase] = &[];
