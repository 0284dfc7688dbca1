//! The cases that real databases bring, each a test: parts A and B of the list of cases, by their numbers; and the tricks of
//! merges made by hand, each of which the proofs must catch.

mod conflicts;
mod keys;
mod random;
mod schema;
mod tricks;
mod values;
