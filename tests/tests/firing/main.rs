//! Behaviours 4 to 10: which rules fire.

mod delete;
mod insert;
mod many_to_many;
mod re_parenting;
mod trees;
mod unchanged;
mod watched;
