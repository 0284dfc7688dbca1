//! Lowered modules within easy reach: as many as fit, those that nobody asked for the longest go first. What it lowered can be lowered
//! again, so that memory does not grow with the number of files.

use std::collections::{BTreeMap, HashMap};
use std::mem::size_of;
use std::sync::{Arc, Mutex, PoisonError};

use super::ir::{Expr, Module, Scope};

/// What modules may take together, in bytes: a thousand ordinary files. With less than a tree of that size needs at once, its files are
/// lowered over and over (a third more time at a quarter of it, on 430 files).
const ROOM: usize = 64 << 20;

/// Modules by path.
#[derive(Debug)]
pub struct Shelf {
    room: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    modules: HashMap<Arc<str>, Copy>,
    /// Paths by when they were asked for last.
    order: BTreeMap<u64, Arc<str>>,
    asked: u64,
    weight: usize,
}

#[derive(Debug)]
struct Copy {
    module: Arc<Module>,
    asked: u64,
    weight: usize,
}

impl Default for Shelf {
    fn default() -> Self {
        Self::of(ROOM)
    }
}

impl Shelf {
    fn of(room: usize) -> Self {
        Self { room, kept: Mutex::default() }
    }

    /// For modules that cannot be made again.
    #[must_use]
    pub fn without_end() -> Self {
        Self::of(usize::MAX)
    }

    pub fn put(&self, module: Arc<Module>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let path = Arc::clone(&module.source.path);
        kept.remove(&path);
        let weight = weight(&module);
        kept.asked += 1;
        let asked = kept.asked;
        kept.order.insert(asked, Arc::clone(&path));
        kept.modules.insert(path, Copy { module, asked, weight });
        kept.weight = kept.weight.saturating_add(weight);
        // The one that was just put there stays, whatever its size.
        while kept.weight > self.room && kept.modules.len() > 1 {
            let Some((_, oldest)) = kept.order.pop_first() else { break };
            kept.remove(&oldest);
        }
    }

    pub(super) fn get(&self, path: &str) -> Option<Arc<Module>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.asked += 1;
        let asked = kept.asked;
        let copy = kept.modules.get_mut(path)?;
        let before = std::mem::replace(&mut copy.asked, asked);
        let module = Arc::clone(&copy.module);
        if let Some(path) = kept.order.remove(&before) {
            kept.order.insert(asked, path);
        }
        Some(module)
    }
}

impl Kept {
    fn remove(&mut self, path: &str) {
        if let Some(copy) = self.modules.remove(path) {
            self.order.remove(&copy.asked);
            self.weight -= copy.weight;
        }
    }
}

/// About how many bytes a module takes; what expressions and scopes hold beside themselves is as much again.
fn weight(module: &Module) -> usize {
    module.source.text.len()
        + 2 * (module.exprs.capacity() * size_of::<Expr>() + module.scopes.capacity() * size_of::<Scope>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::python;
    use crate::text::Source;

    fn module(path: &str) -> Arc<Module> {
        Arc::new(python::lower(Arc::new(Source::new(path, b"x = f('y')\n".to_vec()))))
    }

    #[test]
    fn what_nobody_asked_for_goes_first() {
        let room = weight(&module("a.py")) * 5 / 2;
        let shelf = Shelf::of(room);
        shelf.put(module("a.py"));
        shelf.put(module("b.py"));
        assert!(shelf.get("a.py").is_some());
        shelf.put(module("c.py"));
        let there = |path: &str| shelf.get(path).is_some();
        assert_eq!(["a.py", "b.py", "c.py"].map(there), [true, false, true]);
        let tiny = Shelf::of(1);
        tiny.put(module("a.py"));
        assert!(tiny.get("a.py").is_some());
        tiny.put(module("b.py"));
        assert!(tiny.get("a.py").is_none() && tiny.get("b.py").is_some());
    }
}
