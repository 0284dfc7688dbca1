//! Lowered modules within reach: as many as fit in memory, the others put aside as bytes. So memory does not
//! grow with the number of files, and nothing is parsed twice.

use std::collections::{BTreeMap, HashMap};
use std::mem::size_of;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::aside::{Aside, Spot};
use crate::lang::Language;
use crate::lang::program::{Expr, Module, Scope};
use crate::text::Source;

/// What modules in memory may take together, in bytes: about two hundred and fifty ordinary files. Twice as many save a twentieth of
/// the time.
const ROOM: usize = 6 << 20;

/// Modules by path.
#[derive(Debug)]
pub(super) struct Shelf {
    room: usize,
    near: Mutex<Near>,
    /// Where each of those was put that had to leave, once.
    far: Mutex<HashMap<Arc<str>, Spot>>,
    aside: Aside,
}

/// Those in memory.
#[derive(Debug, Default)]
struct Near {
    modules: HashMap<Arc<str>, Held>,
    /// Paths by when they were asked for last.
    order: BTreeMap<u64, Arc<str>>,
    asked: u64,
    weight: usize,
}

#[derive(Debug)]
struct Held {
    module: Arc<Module>,
    asked: u64,
    weight: usize,
}

impl Default for Shelf {
    fn default() -> Self {
        Self { room: ROOM, near: Mutex::default(), far: Mutex::default(), aside: Aside::default() }
    }
}

impl Shelf {
    /// The module of a path; `make` is asked where it was never put here.
    pub(super) fn module(&self, path: &Arc<str>, make: impl FnOnce() -> Option<Arc<Module>>) -> Option<Arc<Module>> {
        if let Some(module) = self.near.lock().unwrap_or_else(PoisonError::into_inner).get(path) {
            return Some(module);
        }
        let module = self.read(path).map(Arc::new).or_else(make)?;
        self.put(Arc::clone(&module));
        Some(module)
    }

    pub(super) fn put(&self, module: Arc<Module>) {
        let leaving = self.near.lock().unwrap_or_else(PoisonError::into_inner).put(module, self.room);
        for module in leaving {
            self.write(&module);
        }
    }

    /// What finds no room is lowered again.
    fn write(&self, module: &Module) {
        let path = &module.source.path;
        if self.spots().contains_key(path) {
            return;
        }
        if let Some(spot) = packed(module).and_then(|bytes| self.aside.put(&bytes).ok()) {
            self.spots().insert(Arc::clone(path), spot);
        }
    }

    fn read(&self, path: &Arc<str>) -> Option<Module> {
        let spot = *self.spots().get(path)?;
        unpacked(path, &self.aside.get(spot)?)
    }

    fn spots(&self) -> MutexGuard<'_, HashMap<Arc<str>, Spot>> {
        self.far.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Near {
    /// Those that nobody asked for the longest make room. The one that is put here stays, whatever its size.
    fn put(&mut self, module: Arc<Module>, room: usize) -> Vec<Arc<Module>> {
        let path = Arc::clone(&module.source.path);
        self.remove(&path);
        let weight = weight(&module);
        self.asked += 1;
        let asked = self.asked;
        self.order.insert(asked, Arc::clone(&path));
        self.modules.insert(path, Held { module, asked, weight });
        self.weight = self.weight.saturating_add(weight);
        let mut leaving = Vec::new();
        while self.weight > room && self.modules.len() > 1 {
            let Some((_, oldest)) = self.order.pop_first() else { break };
            leaving.extend(self.remove(&oldest));
        }
        leaving
    }

    fn get(&mut self, path: &str) -> Option<Arc<Module>> {
        let held = self.modules.get_mut(path)?;
        self.asked += 1;
        let before = std::mem::replace(&mut held.asked, self.asked);
        let module = Arc::clone(&held.module);
        if let Some(path) = self.order.remove(&before) {
            self.order.insert(self.asked, path);
        }
        Some(module)
    }

    fn remove(&mut self, path: &str) -> Option<Arc<Module>> {
        let held = self.modules.remove(path)?;
        self.order.remove(&held.asked);
        self.weight -= held.weight;
        Some(held.module)
    }
}

/// A module with its source.
fn packed(module: &Module) -> Option<Vec<u8>> {
    let source = module.source.encode(&module.source.text).ok()?;
    let mut bytes = postcard::to_allocvec(&(module.language, source)).ok()?;
    bytes.extend(module.to_bytes()?);
    Some(bytes)
}

fn unpacked(path: &Arc<str>, bytes: &[u8]) -> Option<Module> {
    let ((language, source), rest): ((Language, Vec<u8>), _) = postcard::take_from_bytes(bytes).ok()?;
    Module::from_bytes(Arc::new(Source::new(Arc::clone(path), source)), language, rest)
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

    fn module(path: &str, text: &[u8]) -> Arc<Module> {
        Arc::new(python::lower(Arc::new(Source::new(path, text.to_vec()))))
    }

    #[test]
    fn what_nobody_asked_for_goes_first_and_comes_back_as_it_was() {
        const TEXT: &[u8] = b"# caf\xe9\nx = f('y', [1, *z])\r\n";
        let paths = ["a.py", "b.py", "c.py"];
        let room = weight(&module("a.py", TEXT)) * 5 / 2;
        let shelf = Shelf { room, ..Shelf::default() };
        let near = |path: &str| shelf.near.lock().unwrap().modules.contains_key(path);
        let again = |path: &str| shelf.module(&path.into(), || panic!("{path} is lowered again")).unwrap();
        shelf.put(module("a.py", TEXT));
        shelf.put(module("b.py", TEXT));
        again("a.py");
        shelf.put(module("c.py", TEXT));
        assert_eq!(paths.map(near), [true, false, true]);
        for path in paths {
            let (before, after) = (module(path, TEXT), again(path));
            assert_eq!(before.to_bytes(), after.to_bytes());
            let of = |module: &Module| {
                let source = &module.source;
                (source.path.clone(), source.text.clone(), source.digest, source.encoding, module.language)
            };
            assert_eq!(of(&before), of(&after));
        }
    }

    #[test]
    fn one_that_is_larger_than_the_shelf_is_held_alone() {
        let shelf = Shelf { room: 1, ..Shelf::default() };
        for path in ["a.py", "b.py"] {
            shelf.put(module(path, b"x = 1\n"));
            assert_eq!(shelf.near.lock().unwrap().modules.keys().map(|it| &**it).collect::<Vec<_>>(), [path]);
        }
        assert!(shelf.module(&"c.py".into(), || None).is_none());
    }
}
