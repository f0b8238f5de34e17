//! The feed, on one Redis server and on a cluster.

mod bad_input;
mod committing;
mod consuming;
mod counting;
mod delaying;
mod evicting;
mod fencing;
mod offsets;
mod poison;
mod processes;
mod producing;
mod publishing;
mod reading;
mod refreshing;
mod replicas;
mod sharding;
mod standing_by;
mod trimming;
mod world;
