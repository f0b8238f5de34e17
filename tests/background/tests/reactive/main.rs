//! Reactive caches: one suite for every schedule, by the numbers of its promises.

mod attacked;
mod changing;
mod computing;
mod failing;
mod histories;
mod left;
mod many;
mod outages;
mod places;
mod processes;
mod reading;
mod releases;
mod script;
mod seen;
mod settings;
