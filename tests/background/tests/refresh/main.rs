//! Auto-refresh caches, by the numbers of their promises.

mod answering;
mod failing;
mod full;
mod histories;
mod numbers;
mod outages;
mod polling;
mod racing;
mod reading;
mod script;
mod seen;
mod settings;
mod waiting;
