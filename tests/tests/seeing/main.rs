//! Behaviours 31 to 34: seeing what rules do.

mod assertions;
mod check;
mod explain;
mod graph;
mod observe;
