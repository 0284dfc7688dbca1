//! A tree as git holds it, chosen as the walk chooses from the disk: the same folders left alone, the same kinds of file.

use std::path::Path;
use std::sync::Arc;

use super::ignored::Rules;
use super::kind::{self, Head, Verdict};
use super::walk::{Options, Tree, by_design};
use super::{Change, Entry, Item, Kind, LARGEST_TEXT, Mode, Oid, Skipped, git, seclusion};

/// What is known of a content before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Note {
    pub size: u64,
    pub head: Head,
}

/// Folders within folders; git itself gives up on longer paths.
const DEEPEST: usize = 512;

/// What is known of the contents that a tree names.
pub trait Contents {
    fn note(&self, oid: &Oid) -> Option<Note>;
    /// All of a text, where it can be had.
    fn text(&self, oid: &Oid) -> Option<Arc<[u8]>>;
    /// Whether nothing can come of a source but its name.
    fn stands_by(&self, item: &Item) -> bool;
}

/// The tree of `items`, which git lists in the order of their paths. The paths of `options` choose as they do on disk.
#[must_use]
pub fn held(root: &Path, items: &[Item], options: &Options, contents: &dyn Contents) -> Tree {
    let mut choice = Choice { root, options, contents, items, tree: Tree { in_git: true, ..Tree::default() } };
    choice.folder(items, "", &Rules::above(root, git::top(root)), false, DEEPEST);
    let mut tree = choice.tree;
    kind::name_sidecars(&mut tree.entries);
    // They mostly are in order: git lists them so.
    tree.entries.sort_by(|left, right| left.path.cmp(&right.path));
    tree.skipped.sort_unstable();
    tree.links.sort_unstable();
    tree
}

/// The entries of the same tree before these changes. `None` where more changed than contents of sources, or where one of those
/// stands by only now: then the tree has to be listed anew.
#[must_use]
pub fn before(entries: &[Entry], changes: &[Change], contents: &dyn Contents) -> Option<Vec<Entry>> {
    let mut entries = entries.to_vec();
    for change in changes {
        let (old, new) = (change.before.as_ref()?, change.after.as_ref()?);
        let size_of_text = |item: &Item| {
            let note = contents.note(&item.oid)?;
            (item.mode == Mode::File && note.head == Head::Other && note.size <= LARGEST_TEXT).then_some(note.size)
        };
        let (size, _) = size_of_text(old).zip(size_of_text(new))?;
        if old.path != new.path || !kind::is_source(&old.path) {
            return None;
        }
        let at = entries.binary_search_by(|entry| entry.path.cmp(&old.path));
        match at.ok().and_then(|at| entries.get_mut(at)) {
            Some(entry) => {
                entry.blob = Some(Arc::clone(&old.oid));
                entry.size = size;
            }
            None if contents.stands_by(old) => {}
            None => return None,
        }
    }
    Some(entries)
}

struct Choice<'c> {
    root: &'c Path,
    options: &'c Options,
    contents: &'c dyn Contents,
    items: &'c [Item],
    tree: Tree,
}

impl<'c> Choice<'c> {
    /// `inside` are the items below the folder; `prefix` is its path with a `/` at its end, or nothing for the root.
    fn folder(&mut self, inside: &'c [Item], prefix: &str, rules: &Rules, ignored: bool, depth: usize) {
        let below = |item: &'c Item| item.path.get(prefix.len()..).unwrap_or("");
        let own = found(inside, &format!("{prefix}.gitignore")).filter(|item| item.mode == Mode::File);
        let rules = match own.and_then(|item| self.contents.text(&item.oid)) {
            Some(text) => rules.enter_held(&self.root.join(prefix), &text),
            None => rules.clone(),
        };
        let mut rest = inside;
        while let Some(first) = rest.first() {
            let Some((name, _)) = below(first).split_once('/') else {
                self.file(first, below(first), &rules, ignored);
                rest = rest.get(1..).unwrap_or_default();
                continue;
            };
            let path = format!("{prefix}{name}");
            let start = format!("{path}/");
            let (within, after) = rest.split_at(rest.partition_point(|item| item.path.starts_with(&start)).max(1));
            rest = after;
            if self.excludes(&path) || self.excludes(&format!("{start}\u{1}")) {
                self.tree.skipped.push(by_design(path, "excluded by the policy"));
                continue;
            }
            let ignored = ignored || rules.cover(&self.root.join(&path), true);
            let beside = |wanted: &str| has(inside, &format!("{prefix}{wanted}"));
            if let Some(reason) = secluded(within, &start, name, ignored, &beside) {
                self.tree.skipped.push(by_design(path, reason));
            } else if depth == 0 {
                self.skip(&path, "too many folders within folders");
            } else {
                self.folder(within, &start, &rules, ignored, depth - 1);
            }
        }
    }

    fn excludes(&self, relative: &str) -> bool {
        self.options.exclude.as_ref().is_some_and(|globs| globs.is_match(relative))
    }

    fn file(&mut self, item: &Item, name: &str, rules: &Rules, ignored: bool) {
        let path = &*item.path;
        if path.contains('\u{fffd}') {
            self.skip(path, "its name is not UTF-8");
            return;
        }
        if let Some(reason) = seclusion::half_written(name) {
            self.tree.skipped.push(by_design(path.to_owned(), reason));
            return;
        }
        if self.excludes(path) {
            self.tree.skipped.push(by_design(path.to_owned(), "excluded by the policy"));
            return;
        }
        match item.mode {
            Mode::Submodule => {
                self.tree.skipped.push(by_design(path.to_owned(), "a submodule, which has commits of its own"));
            }
            Mode::Link => self.link(item),
            Mode::File => {
                let Some(note) = self.contents.note(&item.oid) else {
                    self.skip(path, "git does not have its content here");
                    return;
                };
                match kind::of(name, note.size, LARGEST_TEXT, || Ok(note.head)) {
                    Ok(Verdict::Is(Kind::Text)) if kind::is_source(name) && self.contents.stands_by(item) => {
                        self.tree.standing_by.push(Arc::clone(&item.path));
                    }
                    Ok(Verdict::Is(kind)) => {
                        let absolute = self.root.join(path);
                        let ignored = ignored || rules.cover(&absolute, false);
                        self.tree.entries.push(Entry {
                            path: Arc::clone(&item.path),
                            absolute,
                            blob: Some(Arc::clone(&item.oid)),
                            kind,
                            size: note.size,
                            tracked: true,
                            ignored,
                            asked: true,
                        });
                    }
                    Ok(Verdict::Skipped { reason, by_design }) => {
                        self.tree.skipped.push(Skipped { path: path.to_owned(), reason, by_design });
                    }
                    Ok(Verdict::Nothing) | Err(_) => {}
                }
            }
        }
    }

    /// A link holds the path that it leads to.
    fn link(&mut self, item: &Item) {
        let path = item.path.to_string();
        let target = self.contents.text(&item.oid).and_then(|bytes| String::from_utf8(bytes.to_vec()).ok());
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let Some(inside) = target.and_then(|target| joined(folder, &target)) else {
            self.tree.skipped.push(by_design(path, "a symbolic link out of the tree"));
            return;
        };
        let start = format!("{inside}/");
        let at = self.items.partition_point(|other| *other.path < *start);
        if inside.is_empty() || self.items.get(at).is_some_and(|other| other.path.starts_with(&start)) {
            self.tree.skipped.push(by_design(path.clone(), "a symbolic link to a folder"));
        }
        self.tree.links.push((path, inside));
    }

    fn skip(&mut self, path: &str, reason: &str) {
        self.tree.skipped.push(Skipped { path: path.to_owned(), reason: reason.to_owned(), by_design: false });
    }
}

fn found<'i>(items: &'i [Item], path: &str) -> Option<&'i Item> {
    items.get(items.binary_search_by(|item| (*item.path).cmp(path)).ok()?)
}

/// Whether there is a file or a folder of this path.
fn has(items: &[Item], path: &str) -> bool {
    // Names such as `bin-x` stand between `bin` and what is below it.
    let from = items.get(items.partition_point(|item| *item.path < *path)..).unwrap_or_default();
    let mut alike = from.iter().map_while(|item| item.path.strip_prefix(path));
    alike.any(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn secluded(
    within: &[Item],
    start: &str,
    name: &str,
    ignored: bool,
    beside: &dyn Fn(&str) -> bool,
) -> Option<&'static str> {
    let has = |wanted: &str| has(within, &format!("{start}{wanted}"));
    let ends = |ending: &str| {
        within.iter().filter_map(|item| item.path.strip_prefix(start)?.split('/').next()).any(|it| it.ends_with(ending))
    };
    seclusion::reason(name, ignored, &has, &ends, beside)
}

/// Where a link in `folder` leads; `None` when that is outside.
fn joined(folder: &str, target: &str) -> Option<String> {
    if target.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree of paths, each of which is its own content.
    fn tree(paths: &[&str]) -> Tree {
        let mut paths = paths.to_vec();
        paths.sort_unstable();
        let item = |path: &str| {
            let (path, mode) = match path.split_once(" -> ") {
                Some((path, _)) => (path, Mode::Link),
                None => (path, if path.ends_with("@") { Mode::Submodule } else { Mode::File }),
            };
            Item {
                path: path.into(),
                mode,
                oid: paths.iter().find(|it| it.starts_with(path)).copied().unwrap_or("").into(),
            }
        };
        let items: Vec<Item> = paths.iter().map(|path| item(path)).collect();
        held(Path::new("/r"), &items, &Options::default(), &Named)
    }

    /// Contents that say by their names what they are.
    struct Named;

    impl Contents for Named {
        fn note(&self, oid: &Oid) -> Option<Note> {
            let head = if oid.contains("hidden") { Head::Database } else { Head::Other };
            Some(Note { size: 4096, head })
        }

        fn text(&self, oid: &Oid) -> Option<Arc<[u8]>> {
            let text = oid.split_once(" -> ").map_or("*.pyc\n/dist\n", |(_, target)| target);
            Some(text.as_bytes().into())
        }

        fn stands_by(&self, item: &Item) -> bool {
            item.path.contains("kept")
        }
    }

    #[test]
    fn a_tree_before_changes_of_contents_is_the_one_that_would_be_listed() {
        let item = |path: &str, oid: &str| Item { path: path.into(), mode: Mode::File, oid: oid.into() };
        let change =
            |path: &str, old: &str, new: &str| Change { before: Some(item(path, old)), after: Some(item(path, new)) };
        let now = tree(&["app.py", "src/kept.py", "zoe.db"]).entries;
        let former = before(&now, &[change("app.py", "old", "app.py"), change("src/kept.py", "kept", "x")], &Named);
        let told: Vec<_> = former.unwrap().iter().map(|entry| format!("{} {:?}", entry.path, entry.blob)).collect();
        assert_eq!(told, ["app.py Some(\"old\")", "zoe.db Some(\"zoe.db\")"]);
        for other in [
            change("zoe.db", "old", "zoe.db"),
            change("app.py", "hidden", "app.py"),
            change("excluded.py", "old", "new"),
            Change { before: None, ..change("app.py", "", "app.py") },
            Change { before: Some(item("b.py", "app.py")), ..change("app.py", "", "app.py") },
        ] {
            assert!(before(&now, std::slice::from_ref(&other), &Named).is_none(), "{other:?}");
        }
    }

    #[test]
    fn what_git_holds_is_chosen_as_on_disk() {
        let found = tree(&[
            ".gitignore",
            "app.py",
            "bin-x/tool.py",
            "data/hidden.dat",
            "data/zoe.db-wal",
            "data/zoe.db",
            "dist/made.py",
            "link.db -> data/zoe.db",
            "lib -> ../outside",
            "myenv/bin-x",
            "myenv/bin/activate",
            "myenv/x.py",
            "node_modules/a/b.js",
            "src/dist/kept.py",
            "sub@",
        ]);
        let told: Vec<String> = found.entries.iter().map(|entry| format!("{} {:?}", entry.path, entry.kind)).collect();
        assert_eq!(
            told,
            [
                ".gitignore Text",
                "app.py Text",
                "bin-x/tool.py Text",
                "data/hidden.dat Database",
                "data/zoe.db NamedLikeDatabase",
                "data/zoe.db-wal Sidecar",
            ]
        );
        assert_eq!(found.standing_by, ["src/dist/kept.py".into()]);
        assert_eq!(found.links, [("link.db".to_owned(), "data/zoe.db".to_owned())]);
        let skipped: Vec<&str> = found.skipped.iter().map(|skipped| skipped.path.as_str()).collect();
        assert_eq!(skipped, ["dist", "lib", "myenv", "node_modules", "sub@"]);
    }
}
