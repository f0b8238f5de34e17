//! Running a case without a database.

use std::{convert::Infallible, time::Duration};

use tokio::runtime::{Builder, Runtime};

/// What a loader that cannot fail fails with.
pub type Never = Infallible;

/// Longer than anything that works takes, on a clock that stands still unless everybody waits.
pub const SOON: Duration = Duration::from_mins(1);

/// Makes a test of every case in the list. After `paused:` time stands still unless everybody waits, so that a wait costs
/// nothing and its length is exact.
macro_rules! here {
    (paused: $($case:ident),+ $(,)?) => { $crate::support::here!(@ paused: $($case),+); };
    ($($case:ident),+ $(,)?) => { $crate::support::here!(@ threads: $($case),+); };
    (@ $runtime:ident: $($case:ident),+) => {$(
        mod $case {
            #[test]
            fn here() {
                touchable_tests::judge(crate::known::FAILING, stringify!($case), "here", || {
                    crate::support::$runtime().block_on(super::$case());
                });
            }
        }
    )+};
}
pub(crate) use here;

pub fn paused() -> Runtime {
    let mut runtime = Builder::new_current_thread();
    runtime
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime")
}

pub fn threads() -> Runtime {
    let mut runtime = Builder::new_multi_thread();
    runtime.worker_threads(2).enable_all().build().expect("a runtime")
}
