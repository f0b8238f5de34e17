//! The stores of a cache: one contract for all of them, and what each promises besides.

mod counting;
mod database;
mod deleting;
mod expiring;
mod failsafe;
mod many;
mod memory;
mod null;
mod redis_server;
mod redis_strangers;
mod redis_trouble;
mod spied;
mod subject;
mod tiered;
mod writing;
