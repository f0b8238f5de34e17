//! Behaviours 1, 2, 4 to 10, 12 and 47: which rules fire.

mod cascade;
mod delete;
mod insert;
mod many_to_many;
mod models;
mod re_parenting;
mod soft_delete;
mod trees;
mod unchanged;
mod watched;
