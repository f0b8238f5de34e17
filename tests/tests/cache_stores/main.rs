//! The stores of a cache: one contract for all of them, and what each promises besides.

mod counting;
mod deleting;
mod expiring;
mod failsafe;
mod many;
mod memory;
mod null;
mod spied;
mod subject;
mod tiered;
mod writing;
