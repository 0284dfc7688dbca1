//! A list in a record that is made while it is written, so that a long one is never held.

use serde::{Serialize, Serializer};

/// Each of these, made into a record. The schema is that of a list.
pub(super) struct Each<'a, T, R> {
    of: &'a [T],
    record: Box<Record<'a, T, R>>,
}

type Record<'a, T, R> = dyn Fn(usize, &T) -> R + 'a;

impl<'a, T, R> Each<'a, T, R> {
    /// `record` is given the place in the list as well.
    pub(super) fn of(of: &'a [T], record: impl Fn(usize, &T) -> R + 'a) -> Self {
        Self { of, record: Box::new(record) }
    }
}

impl<T, R: Serialize> Serialize for Each<'_, T, R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.of.iter().enumerate().map(|(index, it)| (self.record)(index, it)))
    }
}
