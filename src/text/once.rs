//! What is said more than once, held once.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

/// The one that is known already, or this one, which is known from then on.
pub fn once<T: ?Sized + Eq + Hash>(known: &mut HashSet<Arc<T>>, it: Arc<T>) -> Arc<T> {
    if let Some(known) = known.get(&it) {
        return Arc::clone(known);
    }
    known.insert(Arc::clone(&it));
    it
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_words_become_the_same() {
        let mut known = HashSet::new();
        let [one, other, third]: [Arc<str>; 3] = ["a", "a", "b"].map(|word| once(&mut known, word.into()));
        assert!(Arc::ptr_eq(&one, &other) && !Arc::ptr_eq(&one, &third) && known.len() == 2);
    }
}
