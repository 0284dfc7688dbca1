//! What is known of git's contents by their names alone: which can matter, and the bytes of those. Judges no tree.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use super::Options;
use super::gather::{Outcome, is_deployment, is_utf16, lower};
use super::language::language_of;
use super::lowered::Lowered;
use super::prefilter::{Named, Words};
use super::remembered::{self, Known, Remembered};
use crate::db::{self, Bytes, Schema, State, Use};
use crate::lang::Language;
use crate::lang::program::{Module, is_program};
use crate::text::Source;
use crate::tree::kind::{Head, is_named_like_database, is_source};
use crate::tree::{Blob, Blobs, ByOid, Contents, GitError, Item, LARGEST_TEXT, Mode, Note, Oid, Repository};

/// Databases above this size are opened where they are new, and not otherwise.
const LARGE: u64 = 8 << 20;
/// And above this one never: a content of git has to be held in memory.
const LARGEST: u64 = 512 << 20;

/// Contents of one repository. Two trees that share most of their files share what is known of those.
pub struct Store<'r> {
    repository: &'r Repository,
    blobs: Blobs<'r>,
    named: Named,
    known: ByOid<Known>,
    /// What earlier runs knew, with what that depends on.
    remembered: Option<Remembered>,
    texts: RwLock<ByOid<Arc<[u8]>>>,
    /// Databases of these contents are opened whatever their size.
    fresh: HashSet<Oid>,
    /// What somebody asked for.
    asked: Mutex<HashSet<Oid>>,
    /// Answers that two trees share: what stands in a database, whether Git LFS keeps a path, whether a file is in use.
    opened: Memo<Oid, Opened>,
    lfs: Memo<String, bool>,
    uses: Memo<PathBuf, Option<Use>>,
    /// What files give by themselves, by path and content: most are the same on both sides of a change.
    outcomes: Once<Outcome>,
    modules: Once<Option<Arc<Module>>>,
    /// Programs that earlier runs lowered.
    lowered: OnceLock<Option<Lowered>>,
}

type Opened = (State, Option<Schema>);
type Memo<K, V> = Mutex<HashMap<K, V>>;
/// Each is made once, whoever asks first; others wait for it and not for one another.
type Once<V> = Mutex<HashMap<(Arc<str>, Oid), Arc<OnceLock<V>>>>;

fn once<V: Clone>(made: &Once<V>, path: &str, oid: &Oid, make: impl FnOnce() -> V) -> V {
    let slot = {
        let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(made.entry((path.into(), Arc::clone(oid))).or_default())
    };
    slot.get_or_init(make).clone()
}

/// Answers to all `keys`, of which those that have none yet are asked for together.
fn answers<K: Clone + Eq + Hash, V: Clone>(memo: &Memo<K, V>, keys: &[K], ask: impl FnOnce(&[K]) -> Vec<V>) -> Vec<V> {
    let mut known = memo.lock().unwrap_or_else(PoisonError::into_inner);
    let open: Vec<K> = keys.iter().filter(|key| !known.contains_key(*key)).cloned().collect();
    if !open.is_empty() {
        let answers = ask(&open);
        known.extend(open.into_iter().zip(answers));
    }
    keys.iter().filter_map(|key| known.get(key).cloned()).collect()
}

impl<'r> Store<'r> {
    /// Knows nothing yet.
    #[must_use]
    pub fn of(repository: &'r Repository) -> Self {
        Self {
            repository,
            blobs: Blobs::of(repository),
            named: Named::default(),
            known: ByOid::default(),
            remembered: None,
            texts: RwLock::default(),
            fresh: HashSet::new(),
            asked: Mutex::default(),
            opened: Mutex::default(),
            lfs: Mutex::default(),
            uses: Mutex::default(),
            outcomes: Mutex::default(),
            modules: Mutex::default(),
            lowered: OnceLock::new(),
        }
    }

    pub(super) fn root(&self) -> &Path {
        self.repository.root()
    }

    /// Gets git ready to answer, while the caller still finds out what to ask.
    pub fn warm_up(&self) {
        self.blobs.warm_up();
    }

    /// Reads what earlier runs knew; [`Store::learn`] does so itself where nobody did before.
    pub fn remember(&mut self) {
        if self.remembered.is_none() {
            let folder = self.memory();
            self.remembered = Some(folder.map(|folder| remembered::load(&folder)).unwrap_or_default());
        }
    }

    /// Where things are remembered.
    fn memory(&self) -> Option<PathBuf> {
        self.repository.shared().map(|folder| folder.join("dbguard"))
    }

    /// Looks at each content that is not known yet, and reads those that can matter. What is in `fresh` is what a change
    /// brings.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn learn<'i>(
        &mut self,
        items: impl Iterator<Item = &'i Item>,
        fresh: impl Iterator<Item = &'i Oid>,
        options: &Options,
    ) -> Result<(), GitError> {
        self.named = Named::of(options);
        self.remember();
        let key = remembered::key(&self.named);
        self.known = self.remembered.take().map(|remembered| remembered.by(&key)).unwrap_or_default();
        self.fresh.extend(fresh.cloned());
        let mut wanted: ByOid<bool> = ByOid::default();
        let items: Vec<&Item> = items.filter(|item| item.mode != Mode::Submodule).collect();
        for item in &items {
            let by_name = matters_by_name(&item.path) || item.mode == Mode::Link;
            let read = match self.known.get(&item.oid) {
                None => true,
                Some(known) => (by_name || known.matters) && known.note.size <= self.most(&item.oid, known.note.head),
            };
            if read && !(self.known.contains_key(&item.oid) && self.has_text(&item.oid)) {
                *wanted.entry(Arc::clone(&item.oid)).or_default() |= by_name;
            }
        }
        let oids: Vec<Oid> = wanted.keys().cloned().collect();
        let learnt = Mutex::new(Vec::new());
        self.blobs.each(
            &oids,
            |oid| if self.fresh.contains(oid) { LARGEST } else { LARGE },
            |oid, blob| {
                let (known, text) = match blob {
                    Blob::Missing => return,
                    Blob::TooLarge { size, head } => (Known::large(size, Head::of(&head)), None),
                    Blob::Whole(bytes) => {
                        let known = self.known.get(oid).copied().unwrap_or_else(|| self.look(&bytes));
                        let keep = known.matters || wanted.get(oid).copied().unwrap_or(false);
                        (known, keep.then(|| bytes.into()))
                    }
                };
                learnt.lock().unwrap_or_else(PoisonError::into_inner).push((Arc::clone(oid), known, text));
            },
        )?;
        let mut is_new = false;
        let texts = self.texts.get_mut().unwrap_or_else(PoisonError::into_inner);
        for (oid, known, text) in learnt.into_inner().unwrap_or_else(PoisonError::into_inner) {
            if let Some(text) = text {
                texts.insert(Arc::clone(&oid), text);
            }
            is_new |= self.known.insert(oid, known).is_none();
        }
        if is_new && let Some(memory) = self.memory() {
            let current = items.iter().map(|item| Arc::clone(&item.oid)).collect();
            remembered::save(&memory, &key, &self.known, &current);
        }
        Ok(())
    }

    fn has_text(&self, oid: &Oid) -> bool {
        self.texts.read().unwrap_or_else(PoisonError::into_inner).contains_key(oid)
    }

    fn look(&self, bytes: &[u8]) -> Known {
        let head = Head::of(bytes);
        let size = bytes.len() as u64;
        let words = if size <= LARGEST_TEXT { self.named.words(bytes) } else { Words::default() };
        let matters = head != Head::Other || words.name_database || words.run_sql || is_utf16(bytes);
        Known { note: Note { size, head }, matters, words }
    }

    /// Up to which size a content is read.
    fn most(&self, oid: &Oid, head: Head) -> u64 {
        match head {
            Head::Database if self.fresh.contains(oid) => LARGEST,
            Head::Database => LARGE,
            _ => LARGEST_TEXT,
        }
    }

    /// Whether a text can have to do with databases at all.
    pub(super) fn matters(&self, path: &str, oid: &Oid) -> bool {
        matters_by_name(path) || self.known.get(oid).is_some_and(|known| known.matters)
    }

    /// What a text speaks of, where that is known.
    pub(super) fn words(&self, oid: &Oid) -> Option<Words> {
        self.known.get(oid).map(|known| known.words)
    }

    /// The whole of a text.
    #[must_use]
    pub fn text(&self, oid: &Oid) -> Option<Arc<[u8]>> {
        self.bytes(oid, LARGEST_TEXT)
    }

    /// The whole of what may be a database.
    pub(super) fn database(&self, oid: &Oid) -> Option<Arc<[u8]>> {
        self.bytes(oid, if self.fresh.contains(oid) { LARGEST } else { LARGE })
    }

    /// What stands in a database, whose bytes these are.
    pub(super) fn opened(&self, oid: &Oid, bytes: &[u8]) -> Opened {
        if let Some(opened) = self.opened.lock().unwrap_or_else(PoisonError::into_inner).get(oid) {
            return opened.clone();
        }
        let opened = db::read_from(Bytes::InMemory(bytes));
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).insert(Arc::clone(oid), opened.clone());
        opened
    }

    /// What a file gives by itself.
    pub(super) fn outcome(&self, path: &str, oid: &Oid, make: impl FnOnce() -> Outcome) -> Outcome {
        once(&self.outcomes, path, oid, make)
    }

    /// A program, lowered; `source` gives it with its language.
    pub(super) fn module(
        &self,
        path: &str,
        oid: &Oid,
        source: impl FnOnce() -> Option<(Source, Language)>,
    ) -> Option<Arc<Module>> {
        once(&self.modules, path, oid, || {
            let (source, language) = source()?;
            Some(Arc::new(match self.lowered() {
                Some(lowered) => lowered.module(source, language, oid, |source| lower(source, language)),
                None => lower(source, language),
            }))
        })
    }

    fn lowered(&self) -> Option<&Lowered> {
        let make = || Some(Lowered::within(self.memory()?.join("lowered")));
        self.lowered.get_or_init(make).as_ref()
    }

    /// Gets ready what will probably be asked for, by what earlier runs knew, while git still finds out what changed. Parses
    /// nothing.
    pub fn prepare(&mut self, items: &[Item]) {
        /// So many at most: the rest is done by several threads later.
        const MOST: usize = 64;
        self.remember();
        let Some(guess) = self.remembered.as_ref().map(Remembered::guess) else { return };
        let matters =
            |item: &&Item| guess.get(&item.oid).is_some_and(|known| known.matters && known.note.head == Head::Other);
        let likely: Vec<&Item> = items.iter().filter(matters).take(MOST).collect();
        let oids: HashSet<Oid> = likely.iter().map(|item| Arc::clone(&item.oid)).collect();
        let oids: Vec<Oid> = oids.into_iter().collect();
        let texts = &self.texts;
        let read = self.blobs.each(
            &oids,
            |_| LARGEST_TEXT,
            |oid, blob| {
                if let Blob::Whole(bytes) = blob {
                    texts.write().unwrap_or_else(PoisonError::into_inner).insert(Arc::clone(oid), bytes.into());
                }
            },
        );
        // Who asks again is told what is wrong.
        if read.is_err() {
            return;
        }
        for item in likely {
            let text = self.texts.read().unwrap_or_else(PoisonError::into_inner).get(&item.oid).map(Arc::clone);
            let (Some(text), Some(lowered)) = (text, self.lowered()) else { continue };
            let language = language_of(&item.path, text.get(..256).unwrap_or(&text));
            if !is_program(language) || !guess.get(&item.oid).is_some_and(|known| known.words.name_database) {
                continue;
            }
            let source = Arc::new(Source::new(Arc::clone(&item.path), text.to_vec()));
            if let Some(module) = lowered.known(&source, language, &item.oid) {
                once(&self.modules, &item.path, &item.oid, || Some(Arc::new(module)));
            }
        }
    }

    /// What tells that a file on disk is in use, for each path.
    pub(super) fn in_use(&self, paths: &[PathBuf]) -> Vec<Option<Use>> {
        answers(&self.uses, paths, db::in_use)
    }

    fn bytes(&self, oid: &Oid, largest: u64) -> Option<Arc<[u8]>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(Arc::clone(oid));
        if let Some(text) = self.texts.read().unwrap_or_else(PoisonError::into_inner).get(oid) {
            return Some(Arc::clone(text));
        }
        let Ok(Blob::Whole(bytes)) = self.blobs.one(oid, largest) else { return None };
        let bytes: Arc<[u8]> = bytes.into();
        self.texts.write().unwrap_or_else(PoisonError::into_inner).insert(Arc::clone(oid), Arc::clone(&bytes));
        Some(bytes)
    }

    /// Whether a content was asked for: what was not had no part in what was found.
    #[must_use]
    pub fn had_part(&self, oid: &Oid) -> bool {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).contains(oid)
    }

    /// Whether a file can have a part in anything, as far as its name and content tell by themselves.
    #[must_use]
    pub fn may_matter(&self, item: &Item) -> bool {
        item.mode != Mode::File
            || self.known.get(&item.oid).is_none_or(|known| known.matters)
            || matters_by_name(&item.path)
    }

    /// Ends what runs and tidies what is remembered; the memory is left to the end of the process.
    pub fn leave(mut self) {
        self.blobs.end();
        drop(self.lowered.take());
        std::mem::forget(self);
    }

    /// How many contents were read.
    #[must_use]
    pub fn read(&self) -> usize {
        self.texts.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Which of these paths `.gitattributes` hands to Git LFS.
    pub(super) fn in_lfs(&self, paths: &[&str]) -> HashSet<String> {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        let ask = |open: &[String]| {
            let handed = self.repository.in_lfs(&open.iter().map(String::as_str).collect::<Vec<_>>());
            open.iter().map(|path| handed.contains(path)).collect()
        };
        let handed = answers(&self.lfs, &paths, ask);
        paths.into_iter().zip(handed).filter_map(|(path, handed)| handed.then_some(path)).collect()
    }
}

impl Contents for Store<'_> {
    fn note(&self, oid: &Oid) -> Option<Note> {
        self.known.get(oid).map(|known| known.note)
    }

    fn text(&self, oid: &Oid) -> Option<Arc<[u8]>> {
        self.text(oid)
    }

    fn stands_by(&self, item: &Item) -> bool {
        !self.matters(&item.path, &item.oid)
    }
}

/// Deployment files say what a path means, ignore files what git leaves alone.
fn matters_by_name(path: &str) -> bool {
    is_deployment(path)
        || !is_source(path) && (is_named_like_database(path) || language_of(path, b"") == Language::Ignore)
}
