//! Gathering: every file opened once, in parallel; the few that can matter are parsed.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use rayon::prelude::*;

use super::aside::{Aside, Spot};
use super::language::language_of;
use super::prefilter::{Named, Words};
use super::shelf::Shelf;
use super::store::Store;
use super::{Listing, Overlay};
use crate::lang::program::{Files, Heard, Module, Opened, Outline, Outlines, Program, is_program};
use crate::lang::{self, Allow, Facts, Language, javascript, python};
use crate::text::{Encoding, Source};
use crate::tree::LARGEST_TEXT;
use crate::tree::kind::HEADER;
use crate::tree::{Entry, Item, Kind, Oid, Skipped};

/// What reading the tree's texts gave, in path order.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) sources: Vec<Told>,
    pub(super) aside: Aside,
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

/// A source that was read, with what it says wherever that is kept.
pub(super) struct Told {
    pub(super) path: Arc<str>,
    pub(super) language: Language,
    pub(super) digest: u64,
    facts: Kept,
    pub(super) allows: Vec<Allow>,
    pub(super) asked: bool,
}

/// Facts take three times as much room as their bytes.
enum Kept {
    Aside(Spot),
    /// There was no room for them.
    Here(Box<Facts>),
}

impl Kept {
    fn put(facts: Facts, aside: &Aside) -> Self {
        match facts.to_bytes().and_then(|bytes| aside.put(&bytes).ok()) {
            Some(spot) => Self::Aside(spot),
            None => Self::Here(Box::new(facts)),
        }
    }
}

impl Told {
    /// What the source says; `None` where it was put aside and is lost.
    pub(super) fn facts(&self, aside: &Aside) -> Option<Facts> {
        match &self.facts {
            Kept::Aside(spot) => Facts::from_bytes(&aside.get(*spot)?),
            Kept::Here(facts) => Some(Facts::clone(facts)),
        }
    }
}

impl Gathered {
    /// The sources, each with what it says, but for those whose facts are lost.
    pub(super) fn facts(&self) -> impl Iterator<Item = (&Told, Facts)> {
        self.sources.iter().filter_map(|source| Some((source, source.facts(&self.aside)?)))
    }

    fn add(&mut self, source: SourceFacts) {
        let SourceFacts { path, language, digest, facts, allows, asked } = source;
        let facts = Kept::put(facts, &self.aside);
        self.sources.push(Told { path, language, digest, facts, allows, asked });
    }
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
    /// Under the names that these files have there, in the order of their paths.
    InGit(&'t Store<'t>, &'t [Item]),
}

fn content<'i>(items: &'i [Item], path: &str) -> Option<&'i Oid> {
    let at = items.binary_search_by(|item| (*item.path).cmp(path)).ok()?;
    items.get(at).map(|item| &item.oid)
}

impl Texts<'_> {
    /// The whole of a file, by its path.
    fn read(self, path: &Arc<str>) -> Option<Vec<u8>> {
        match self {
            Texts::OnDisk(root, overlay) => {
                let bytes = fs::read(root.join(&**path)).ok()?;
                match overlay.get(path) {
                    Some(rewrite) => Some(rewrite.of(path, Some(bytes))?.after),
                    None => Some(bytes),
                }
            }
            Texts::InGit(store, items) => Some(store.text(content(items, path)?)?.to_vec()),
        }
    }

    /// A program, lowered; the same one for every tree of git that holds it.
    fn module(self, path: &Arc<str>) -> Option<Arc<Module>> {
        let of = |bytes: Vec<u8>| {
            let language = language_of(path, bytes.get(..256).unwrap_or(&bytes));
            (Source::new(Arc::clone(path), bytes), language)
        };
        if let Texts::InGit(store, items) = self {
            return store.module(path, content(items, path)?, || Some(of(self.read(path)?)));
        }
        let (source, language) = of(self.read(path)?);
        Some(Arc::new(lower(source, language)))
    }
}

/// What is read before it is put together: what stays of it is far less, and lies together then.
const AT_A_TIME: usize = 4096;

/// Reads every text of the tree. `stop` is not asked: a tree is finite and each file is bounded.
pub(super) fn gather(texts: Texts<'_>, listing: &Listing, named: &Named) -> Gathered {
    let named = &named.within(&listing.tree.entries, &|path| texts.read(path));
    let shelf = Shelf::default();
    let mut gathered = Gathered::default();
    let mut programs =
        Programs { shelf: &shelf, outlines: Outlines::default(), imported: HashSet::new(), stems: HashSet::new() };
    let mut allows = HashMap::new();
    let mut may_matter = Vec::new();
    for some in listing.tree.entries.chunks(AT_A_TIME) {
        let texts_of = some.par_iter().filter(|entry| entry.kind == Kind::Text);
        let given: Vec<Given> = texts_of.map(|entry| Given::of(read(texts, entry, named), &shelf)).collect();
        for given in given {
            match given {
                Given::Program(outline, allowed) => {
                    if !allowed.is_empty() {
                        allows.insert(Arc::clone(&outline.path), allowed);
                    }
                    programs.add(*outline);
                }
                Given::Other(Outcome::Facts(facts)) => gathered.add(*facts),
                Given::Other(Outcome::MayMatter(path)) => may_matter.push(path),
                Given::Other(Outcome::Ignores(patterns)) => gathered.ignore_patterns.extend(patterns),
                Given::Other(Outcome::Database(entry)) => gathered.databases.push(entry),
                Given::Other(Outcome::Skipped(skipped)) => gathered.skipped.push(skipped),
                Given::Other(Outcome::Nothing | Outcome::Module(..)) => {}
            }
        }
    }
    programs.learn(texts, &may_matter);
    for ((path, language, digest), facts) in programs.facts(texts, &listing.programs, named, &gathered.aside) {
        let allows = allows.remove(&path).unwrap_or_default();
        gathered.sources.push(Told { path, language, digest, facts, allows, asked: true });
    }
    gathered.sources.sort_by(|left, right| left.path.cmp(&right.path));
    gathered.skipped.sort();
    gathered.ignore_patterns.sort();
    gathered
}

/// What one file gave, a program by its outline: the whole of it lies on the shelf while there is room.
enum Given {
    Program(Box<Outline>, Vec<Allow>),
    Other(Outcome),
}

impl Given {
    fn of(outcome: Outcome, shelf: &Shelf) -> Self {
        match outcome {
            Outcome::Module(module, allows) => {
                let outline = Box::new(Outline::of(&module));
                shelf.put(module);
                Self::Program(outline, allows)
            }
            other => Self::Other(other),
        }
    }
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
        && overlay.contains_key(&entry.path)
    {
        return match texts.read(&entry.path) {
            Some(bytes) => judge(entry, &bytes, named, || named.words(&bytes), anew),
            None => skipped(entry, "it changed while it was read", false),
        };
    }
    if let (Texts::InGit(store, _), Some(oid)) = (texts, &entry.blob) {
        if !store.matters(&entry.path, oid) {
            return Outcome::Nothing;
        }
        let lowered = |source, language| store.module(&entry.path, oid, || Some((source, language)));
        let outcome = store.outcome(&entry.path, oid, || match store.text(oid) {
            Some(bytes) => {
                let words = || store.words(oid).unwrap_or_else(|| named.words(&bytes));
                judge(entry, &bytes, named, words, lowered)
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
            judge(entry, bytes, named, || named.words(bytes), anew)
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
    named: &Named,
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
    let is_script_bundle = || matches!(language, Language::Javascript | Language::Typescript) && is_bundle(bytes);
    let words = words();
    if !words.name_database && !is_deployment(&entry.path) {
        let program = is_program(language) && words.run_sql && !is_script_bundle();
        return if program { Outcome::MayMatter(Arc::clone(&entry.path)) } else { Outcome::Nothing };
    }
    if memchr::memchr(0, bytes.get(..8192).unwrap_or(bytes)).is_some() {
        return Outcome::Nothing;
    }
    if is_script_bundle() {
        return skipped(entry, "a minified bundle", true);
    }
    let source = Source::new(Arc::clone(&entry.path), bytes.to_vec());
    let allows = lang::allows(&source, language);
    let encoding = source.encoding;
    if is_program(language) {
        return lowered(source, language).map_or(Outcome::Nothing, |module| Outcome::Module(module, allows));
    }
    let mut facts = lang::read(&source, language).doubted(&source);
    named.describe(&source, language, &mut facts);
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
    let mut module = match language {
        Language::Python => python::lower(source),
        _ => javascript::lower(source, language),
    };
    module.shrink();
    module
}

/// The programs of a tree as far as they were read.
struct Programs<'s> {
    shelf: &'s Shelf,
    outlines: Outlines,
    /// The last names of what they import.
    imported: HashSet<String>,
    /// What they are imported by.
    stems: HashSet<String>,
}

type Identity = (Arc<str>, Language, u64);

impl Programs<'_> {
    fn add(&mut self, mut outline: Outline) {
        self.imported.extend(std::mem::take(&mut outline.imported));
        self.stems.extend(stem(&outline.path).filter(|stem| stem.len() > 1).map(str::to_owned));
        self.outlines.add(outline);
    }

    /// The second, equally cheap pass: programs that run SQL and speak of a module that names a database, or are spoken of by one
    /// that hands them its connection.
    fn learn(&mut self, texts: Texts<'_>, may_matter: &[Arc<str>]) {
        if self.stems.is_empty() || may_matter.is_empty() {
            return;
        }
        let mut stems: Vec<&str> = self.stems.iter().map(String::as_str).collect();
        stems.sort_unstable();
        let Ok(words) = AhoCorasick::new(&stems) else { return };
        let imports = |bytes: &[u8]| {
            let mut lines = bytes.split(|&byte| byte == b'\n').filter(|line| is_import(line));
            lines.any(|line| words.find_overlapping_iter(line).any(|hit| is_word(line, hit.start(), hit.end())))
        };
        let learned = may_matter.par_iter().filter_map(|path| {
            let is_spoken_of = stem(path).is_some_and(|stem| self.imported.contains(stem));
            if !is_spoken_of && !imports(&texts.read(path)?) {
                return None;
            }
            let module = texts.module(path)?;
            let outline = Outline::of(&module);
            self.shelf.put(module);
            Some(outline)
        });
        let learned: Vec<Outline> = learned.collect();
        for outline in learned {
            self.outlines.add(outline);
        }
    }

    /// `known` are those that are programs by their names.
    fn facts(self, texts: Texts<'_>, known: &Arc<Files>, named: &Named, aside: &Aside) -> Vec<(Identity, Kept)> {
        let others: Vec<Arc<str>> =
            self.outlines.paths().filter(|path| known.at(path).is_none()).map(Arc::clone).collect();
        let files = match others.is_empty() {
            true => Arc::clone(known),
            false => {
                let mut paths = [known.paths(), &others].concat();
                paths.sort();
                Arc::new(Files::of(paths))
            }
        };
        let loader = |path: &Arc<str>| self.shelf.module(path, || texts.module(path));
        let program = Program::new(files, self.outlines, named.openers.clone(), &loader).renaming(&named.renamed);
        // From the end: what was read last is nearest.
        let main = program.main().par_iter().rev();
        let of = |&at: &usize| {
            let (facts, heard) = program.facts(at, &Opened::new());
            ((at, heard), Kept::put(facts, aside))
        };
        let (heard, mut kept): (Vec<(usize, Heard)>, Vec<Kept>) = main.map(of).unzip();
        let (again, opened) = program.to_tell_again(&heard);
        let again = heard.par_iter().zip(&mut kept).filter(|((at, _), _)| again.contains(at));
        again.for_each(|((at, _), kept)| *kept = Kept::put(program.facts(*at, &opened).0, aside));
        let mut identities = program.identities();
        heard.iter().zip(kept).filter_map(|((at, _), kept)| Some((identities.remove(at)?, kept))).collect()
    }
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
