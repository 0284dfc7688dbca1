//! Gathering: every file opened once, in parallel; the few that can matter are parsed.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use rayon::prelude::*;

use super::Overlay;
use super::language::language_of;
use super::prefilter::{Named, Words};
use super::store::Store;
use crate::lang::program::{Bound, Module, Opened, Program, WrapperOpener, is_program};
use crate::lang::{self, Allow, Facts, Language, javascript, python};
use crate::text::{Encoding, Source};
use crate::tree::LARGEST_TEXT;
use crate::tree::kind::HEADER;
use crate::tree::{Entry, Kind, Skipped};

/// What reading the tree's texts gave, in path order.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) sources: Vec<SourceFacts>,
    pub(super) skipped: Vec<Skipped>,
    /// Texts by their ending, databases by their first bytes.
    pub(super) databases: Vec<Entry>,
    pub(super) ignore_patterns: Vec<(String, String)>,
}

#[derive(Clone)]
pub(super) struct SourceFacts {
    pub(super) path: Arc<str>,
    pub(super) language: Language,
    pub(super) digest: u64,
    pub(super) facts: Facts,
    pub(super) allows: Vec<Allow>,
    /// It lies in what was asked for; of the others only mounts and settings count.
    pub(super) asked: bool,
}

/// What one file gives by itself.
#[derive(Clone)]
pub(super) enum Outcome {
    Nothing,
    Facts(Box<SourceFacts>),
    Module(Arc<Module>, Vec<Allow>),
    /// A program that names no database but runs SQL.
    MayMatter(Arc<str>),
    Ignores(Vec<(String, String)>),
    Database(Entry),
    Skipped(Skipped),
}

/// Where the texts of a tree are.
#[derive(Clone, Copy)]
pub(super) enum Texts<'t> {
    /// Below this folder, but for those that others stand in for.
    OnDisk(&'t Path, &'t Overlay),
    InGit(&'t Store<'t>, &'t HashMap<&'t str, &'t Entry>),
}

impl Texts<'_> {
    /// The whole of a file, by its path.
    fn read(self, path: &str) -> Option<Vec<u8>> {
        match self {
            Texts::OnDisk(root, overlay) => match overlay.get(path) {
                Some(bytes) => Some(bytes.to_vec()),
                None => fs::read(root.join(path)).ok(),
            },
            Texts::InGit(store, entries) => Some(store.text(entries.get(path)?.blob.as_ref()?)?.to_vec()),
        }
    }

    /// A program, lowered; the same one for every tree of git that holds it.
    fn module(self, path: &str) -> Option<Arc<Module>> {
        let of = |bytes: Vec<u8>| {
            let language = language_of(path, bytes.get(..256).unwrap_or(&bytes));
            (Source::new(path, bytes), language)
        };
        if let Texts::InGit(store, entries) = self {
            return store.module(path, entries.get(path)?.blob.as_ref()?, || Some(of(self.read(path)?)));
        }
        let (source, language) = of(self.read(path)?);
        Some(Arc::new(lower(source, language)))
    }
}

/// Reads every text of the tree. `stop` is not asked: a tree is finite and each file is bounded.
pub(super) fn gather(texts: Texts<'_>, entries: &[Entry], named: &Named) -> Gathered {
    let outcomes: Vec<Outcome> =
        entries.par_iter().filter(|entry| entry.kind == Kind::Text).map(|entry| read(texts, entry, named)).collect();
    let mut gathered = Gathered::default();
    let mut modules = Vec::new();
    let mut allows = std::collections::HashMap::new();
    let mut may_matter = Vec::new();
    for outcome in outcomes {
        match outcome {
            Outcome::Nothing => {}
            Outcome::Facts(facts) => gathered.sources.push(*facts),
            Outcome::Module(module, allowed) => {
                allows.insert(Arc::clone(&module.source.path), allowed);
                modules.push(module);
            }
            Outcome::MayMatter(path) => may_matter.push(path),
            Outcome::Ignores(patterns) => gathered.ignore_patterns.extend(patterns),
            Outcome::Database(entry) => gathered.databases.push(entry),
            Outcome::Skipped(skipped) => gathered.skipped.push(skipped),
        }
    }
    modules.extend(learned(texts, &modules, &may_matter));
    let programs = programs(texts, entries, modules, &named.openers);
    for (module, facts) in programs {
        let allows = allows.remove(&module.0).unwrap_or_default();
        gathered.sources.push(SourceFacts {
            path: module.0,
            language: module.1,
            digest: module.2,
            facts,
            allows,
            asked: true,
        });
    }
    gathered.sources.sort_by(|left, right| left.path.cmp(&right.path));
    gathered.skipped.sort();
    gathered.ignore_patterns.sort();
    gathered
}

thread_local! {
    /// Most sources are read, judged and forgotten: one buffer for each thread serves them all.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; 64 << 10]);
}

fn read(texts: Texts<'_>, entry: &Entry, named: &Named) -> Outcome {
    if !entry.asked && !is_deployment(&entry.path) {
        return Outcome::Nothing;
    }
    // The policy speaks of databases without using one.
    if matches!(entry.path.rsplit('/').next(), Some("dbguard.toml" | ".dbguard.toml")) {
        return Outcome::Nothing;
    }
    if let Texts::OnDisk(_, overlay) = texts
        && let Some(bytes) = overlay.get(&entry.path)
    {
        return judge(entry, bytes, || named.words(bytes), anew);
    }
    if let (Texts::InGit(store, _), Some(oid)) = (texts, &entry.blob) {
        if !store.matters(&entry.path, oid) {
            return Outcome::Nothing;
        }
        let lowered = |source, language| store.module(&entry.path, oid, || Some((source, language)));
        let outcome = store.outcome(&entry.path, oid, || match store.text(oid) {
            Some(bytes) => {
                let words = || store.words(oid).unwrap_or_else(|| named.words(&bytes));
                judge(entry, &bytes, words, lowered)
            }
            None => skipped(entry, "git does not have its content here", false),
        });
        return match outcome {
            // Whether it is ignored is another matter in another tree.
            Outcome::Database(found) => {
                Outcome::Database(Entry { kind: found.kind, size: found.size, ..entry.clone() })
            }
            other => other,
        };
    }
    BUFFER.with_borrow_mut(|buffer| match fill(buffer, &entry.absolute) {
        Ok(length) if length as u64 > LARGEST_TEXT && !buffer.starts_with(HEADER) => {
            skipped(entry, "too large for a source", false)
        }
        Ok(length) => {
            let bytes = buffer.get(..length).unwrap_or_default();
            judge(entry, bytes, || named.words(bytes), anew)
        }
        Err(error) => skipped(entry, &error.to_string(), false),
    })
}

/// Reads a file into the front of the buffer, which grows with it; no further than a source may reach.
fn fill(buffer: &mut Vec<u8>, path: &Path) -> io::Result<usize> {
    let mut file = fs::File::open(path)?;
    let mut length = 0;
    loop {
        match file.read(buffer.get_mut(length..).unwrap_or_default()) {
            Ok(0) => return Ok(length),
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
        // A read that leaves room has met the end: to ask once more would be one call in four.
        if length < buffer.len() || length as u64 > LARGEST_TEXT {
            return Ok(length);
        }
        buffer.resize(length * 2, 0);
    }
}

/// A program that nobody lowered before.
fn anew(source: Source, language: Language) -> Option<Arc<Module>> {
    Some(Arc::new(lower(source, language)))
}

fn judge(
    entry: &Entry,
    bytes: &[u8],
    words: impl FnOnce() -> Words,
    lowered: impl FnOnce(Source, Language) -> Option<Arc<Module>>,
) -> Outcome {
    if bytes.starts_with(HEADER) {
        let on_disk = || fs::metadata(&entry.absolute).map_or(entry.size, |metadata| metadata.len());
        let size = if entry.blob.is_some() { entry.size } else { on_disk() };
        return Outcome::Database(Entry { kind: Kind::Database, size, ..entry.clone() });
    }
    if is_utf16(bytes) {
        return skipped(entry, "UTF-16, which is not read", false);
    }
    let language = language_of(&entry.path, bytes.get(..256).unwrap_or(bytes));
    if language == Language::Ignore {
        let text = String::from_utf8_lossy(bytes);
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        return Outcome::Ignores(lines.map(|line| (entry.path.to_string(), line.to_owned())).collect());
    }
    if language == Language::Toml && is_plan(bytes) {
        return Outcome::Nothing;
    }
    let words = words();
    if !words.name_database && !is_deployment(&entry.path) {
        let program = is_program(language) && words.run_sql;
        return if program { Outcome::MayMatter(Arc::clone(&entry.path)) } else { Outcome::Nothing };
    }
    if memchr::memchr(0, bytes.get(..8192).unwrap_or(bytes)).is_some() {
        return Outcome::Nothing;
    }
    if matches!(language, Language::Javascript | Language::Typescript) && is_bundle(bytes) {
        return skipped(entry, "a minified bundle", true);
    }
    let source = Source::new(Arc::clone(&entry.path), bytes.to_vec());
    let allows = lang::allows(&source, language);
    let encoding = source.encoding;
    if is_program(language) {
        return lowered(source, language).map_or(Outcome::Nothing, |module| Outcome::Module(module, allows));
    }
    let mut facts = lang::read(&source, language).doubted(&source);
    if encoding == Encoding::Latin1 {
        facts.trouble = Some("not UTF-8; read byte by byte as Latin-1".into());
    }
    Outcome::Facts(Box::new(SourceFacts {
        path: Arc::clone(&entry.path),
        language,
        digest: source.digest,
        facts,
        allows,
        asked: entry.asked,
    }))
}

/// A byte-order mark and a first character that ASCII has.
pub(super) fn is_utf16(bytes: &[u8]) -> bool {
    matches!(*bytes, [0xFF, 0xFE, _, 0, ..] | [0xFE, 0xFF, 0, _, ..])
}

/// A migration's plan names what it moves; it is no use of it.
fn is_plan(bytes: &[u8]) -> bool {
    ["\n[target]", "\n[[source]]"].iter().all(|words| memchr::memmem::find(bytes, words.as_bytes()).is_some())
}

fn skipped(entry: &Entry, reason: &str, by_design: bool) -> Outcome {
    Outcome::Skipped(Skipped { path: entry.path.to_string(), reason: reason.to_owned(), by_design })
}

/// Compose files, Dockerfiles and `.env` files say what a path means, even when they name no database.
pub(super) fn is_deployment(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    (name.ends_with(".yml") || name.ends_with(".yaml")) && name.contains("compose")
        || name.starts_with("Dockerfile")
        || name.starts_with(".env")
}

/// Lines that nobody wrote by hand.
fn is_bundle(bytes: &[u8]) -> bool {
    bytes.len() > 100_000 && bytes.len() / (memchr::memchr_iter(b'\n', bytes).count() + 1) > 500
}

pub(super) fn lower(source: Source, language: Language) -> Module {
    let source = Arc::new(source);
    match language {
        Language::Python => python::lower(source),
        _ => javascript::lower(source, language),
    }
}

/// The second, equally cheap pass: programs that run SQL and speak of a module that names a database, or are spoken of by one
/// that hands them its connection.
fn learned(texts: Texts<'_>, modules: &[Arc<Module>], may_matter: &[Arc<str>]) -> Vec<Arc<Module>> {
    let stems: HashSet<&str> =
        modules.iter().filter_map(|module| stem(&module.source.path)).filter(|stem| stem.len() > 1).collect();
    if stems.is_empty() || may_matter.is_empty() {
        return Vec::new();
    }
    let spoken_of = imported(modules);
    let mut stems: Vec<&str> = stems.into_iter().collect();
    stems.sort_unstable();
    let Ok(words) = AhoCorasick::new(&stems) else { return Vec::new() };
    may_matter
        .par_iter()
        .filter_map(|path| {
            let bytes = texts.read(path)?;
            let imports = || {
                bytes
                    .split(|&byte| byte == b'\n')
                    .filter(|line| is_import(line))
                    .any(|line| words.find_overlapping_iter(line).any(|hit| is_word(line, hit.start(), hit.end())))
            };
            if !stem(path).is_some_and(|stem| spoken_of.contains(stem)) && !imports() {
                return None;
            }
            texts.module(path)
        })
        .collect()
}

/// The last names of what these modules import.
fn imported(modules: &[Arc<Module>]) -> HashSet<String> {
    let mut found = HashSet::new();
    let bindings = modules.iter().flat_map(|module| &module.scopes).flat_map(|scope| scope.bindings.values().flatten());
    for binding in bindings {
        let (path, name) = match &binding.value {
            Bound::Module(path) => (path, None),
            Bound::Import { module, name } => (module, Some(name)),
            _ => continue,
        };
        let last = path.rsplit(['.', '/']).find(|part| !matches!(*part, "js" | "ts" | "mjs" | ""));
        found.extend(last.map(str::to_owned));
        found.extend(name.map(|name| name.to_string()));
    }
    found
}

fn is_import(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    line.starts_with(b"from ")
        || line.starts_with(b"import ")
        || memchr::memmem::find(line, b"require(").is_some()
        || memchr::memmem::find(line, b" from ").is_some()
}

fn is_word(line: &[u8], start: usize, end: usize) -> bool {
    let inside = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    !(inside(line.get(end)) || start > 0 && inside(line.get(start - 1)))
}

/// What a module is imported by: its file's name, or its folder's for a package.
pub(super) fn stem(path: &str) -> Option<&str> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = name.split('.').next()?;
    if matches!(stem, "__init__" | "index") {
        folder.rsplit('/').next().filter(|name| !name.is_empty())
    } else {
        Some(stem)
    }
}

type Identity = (Arc<str>, Language, u64);

fn programs(
    texts: Texts<'_>,
    entries: &[Entry],
    modules: Vec<Arc<Module>>,
    openers: &[WrapperOpener],
) -> Vec<(Identity, Facts)> {
    let paths: Vec<Arc<str>> = entries
        .iter()
        .filter(|entry| entry.kind == Kind::Text)
        .filter(|entry| {
            is_program(language_of(&entry.path, b"")) || modules.iter().any(|module| module.source.path == entry.path)
        })
        .map(|entry| Arc::clone(&entry.path))
        .collect();
    let loader = |path: &str| texts.module(path);
    let program = Program::new(paths, modules, openers.to_vec(), &loader);
    let opened: Opened =
        program.main().par_iter().map(|&at| program.opened(at)).reduce(Opened::new, |mut left, right| {
            left.extend(right);
            left
        });
    program.main().par_iter().filter_map(|&at| Some((program.identity(at)?, program.facts(at, &opened)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_imported_by_its_stem() {
        assert_eq!(stem("app/db.py"), Some("db"));
        assert_eq!(stem("app/__init__.py"), Some("app"));
        assert_eq!(stem("__init__.py"), None);
    }
}
