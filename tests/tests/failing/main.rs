//! Behaviours 17 to 20: failures, rollbacks, cancelled futures, concurrent saves. 25 stands in `writing/suppressed.rs`.

mod at_once;
mod dropped;
mod refused;
mod rolled_back;
