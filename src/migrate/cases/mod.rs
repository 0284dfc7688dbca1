//! The cases that real databases bring, each a test: parts A and B of the list of cases, by their numbers.

mod conflicts;
mod schema;
