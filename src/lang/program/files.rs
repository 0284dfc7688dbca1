//! The program files of a tree, found by their paths and by the tails of module names. Reads none of them.

use std::sync::Arc;

use super::outline::short_digest;

/// The programs of a tree. Two trees that have the same files share one.
#[derive(Debug, Default)]
pub struct Files {
    paths: Vec<Arc<str>>,
    /// The same in the order of the paths. Most trees have many programs and few that are asked for: to sort is cheaper than to hash.
    sorted: Vec<usize>,
    /// Digests of the last components of paths, sorted, to find a module by the tail of its name.
    tails: Vec<(u32, usize)>,
}

impl Files {
    #[must_use]
    pub fn of(paths: Vec<Arc<str>>) -> Self {
        let mut sorted: Vec<usize> = (0..paths.len()).collect();
        sorted.sort_by_key(|&at| paths.get(at));
        let mut tails: Vec<(u32, usize)> =
            paths.iter().enumerate().map(|(at, path)| (short_digest(tail(path)), at)).collect();
        tails.sort_unstable();
        Self { paths, sorted, tails }
    }

    #[must_use]
    pub fn paths(&self) -> &[Arc<str>] {
        &self.paths
    }

    /// The number of a path.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<usize> {
        let at = self.sorted.binary_search_by(|&at| self.path(at).cmp(path)).ok()?;
        self.sorted.get(at).copied()
    }

    /// Those below a folder, in the order of their paths.
    pub(super) fn under(&self, folder: &str) -> Vec<usize> {
        let head = format!("{folder}/");
        let from = self.sorted.partition_point(|&at| self.path(at) < head.as_str());
        let rest = self.sorted.get(from..).unwrap_or_default().iter().copied();
        rest.take_while(|&at| self.path(at).starts_with(&head)).filter(|&at| self.path(at).ends_with(".py")).collect()
    }

    pub(super) fn path(&self, at: usize) -> &str {
        self.paths.get(at).map_or("", |path| path)
    }

    /// Those that are found under a last component.
    pub(super) fn ending_in<'n>(&'n self, name: &'n str) -> impl Iterator<Item = usize> + 'n {
        let digest = short_digest(name);
        let from = self.tails.partition_point(|(other, _)| *other < digest);
        let alike = self.tails.get(from..).unwrap_or_default().iter().take_while(move |(other, _)| *other == digest);
        alike.map(|(_, at)| *at).filter(move |&at| tail(self.path(at)) == name)
    }
}

/// `a/b/__init__.py` and `a/b.py` are both found under `b`.
fn tail(path: &str) -> &str {
    stem(path).rsplit('/').next().unwrap_or("")
}

pub(super) fn stem(path: &str) -> &str {
    let path = path.strip_suffix("/__init__.py").unwrap_or(path);
    match path.rfind('.') {
        Some(dot) if !path[dot..].contains('/') => &path[..dot],
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_path_and_by_the_last_part_of_a_module() {
        let files = Files::of(["b/db.py", "a/db/__init__.py", "a/x.py", "db"].map(Arc::from).to_vec());
        assert_eq!(["a/x.py", "b/db.py", "db.py"].map(|path| files.at(path)), [Some(2), Some(0), None]);
        let ending = |name: &str| files.ending_in(name).collect::<Vec<_>>();
        assert_eq!((ending("db"), ending("x"), ending("__init__")), (vec![0, 1, 3], vec![2], vec![]));
    }
}
