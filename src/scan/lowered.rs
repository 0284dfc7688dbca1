//! Programs that earlier runs parsed, in a folder below `.git`: a file for each, named after all that it was made from, so that it
//! is never out of date. One that is missing, damaged or another program's is no loss but of time.

use std::collections::HashSet;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::lang::Language;
use crate::lang::program::Module;
use crate::text::Source;
use crate::tree::Oid;

/// How many are kept, and how many bytes of them; what was asked for last stays.
const MOST: usize = 4_000;
const LARGEST: u64 = 64 << 20;
/// Of the digest before the module.
const DIGEST: usize = 16;

/// The programs of one repository.
pub(super) struct Lowered {
    folder: PathBuf,
    program: [u8; 32],
    /// The names of those that this run asked for, and whether it wrote some.
    asked: Mutex<(HashSet<String>, bool)>,
}

impl Lowered {
    /// Kept in this folder.
    pub(super) fn within(folder: PathBuf) -> Self {
        Self { folder, program: program(), asked: Mutex::default() }
    }

    /// A content under its path as `lower` reads it, which is asked where no earlier run did so.
    pub(super) fn module(
        &self,
        source: Source,
        language: Language,
        oid: &Oid,
        lower: impl FnOnce(Source) -> Module,
    ) -> Module {
        let source = Arc::new(source);
        if let Some(module) = self.known(&source, language, oid) {
            return module;
        }
        let name = self.name(&source.path, language, oid);
        let module = lower(Arc::unwrap_or_clone(source));
        if let Some(bytes) = module.to_bytes() {
            // A store that cannot be written to is slower and no worse.
            let _ = self.write(&name, &bytes);
        }
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.0.insert(name);
        asked.1 = true;
        module
    }

    /// The same, where an earlier run parsed it.
    pub(super) fn known(&self, source: &Arc<Source>, language: Language, oid: &Oid) -> Option<Module> {
        let name = self.name(&source.path, language, oid);
        let bytes = std::fs::read(self.folder.join(&name)).ok()?;
        let module = Module::from_bytes(Arc::clone(source), language, whole(&bytes)?)?;
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).0.insert(name);
        Some(module)
    }

    fn name(&self, path: &str, language: Language, oid: &Oid) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.program);
        for part in [&format!("{language:?}"), path, oid] {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
        }
        hasher.finalize().to_hex().get(..40).unwrap_or_default().to_owned()
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(digest(bytes).get(..DIGEST).unwrap_or_default())?;
        file.write_all(bytes)?;
        file.persist(self.folder.join(name))?;
        Ok(())
    }

    /// Takes away what nobody asked for lately, where there is too much.
    fn tidy(&self, most: usize, largest: u64) -> io::Result<()> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if !asked.1 {
            return Ok(());
        }
        let mut kept: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        for entry in std::fs::read_dir(&self.folder)?.flatten() {
            let about = entry.metadata()?;
            if !entry.file_name().to_str().is_some_and(|name| asked.0.contains(name)) {
                kept.push((about.modified()?, about.len(), entry.path()));
            }
        }
        // The newest first.
        kept.sort_by(|one, other| other.cmp(one));
        let mut sum = 0;
        for (index, (_, length, path)) in kept.iter().enumerate() {
            sum += length;
            if index + asked.0.len() >= most || sum > largest {
                let _ = std::fs::remove_file(path);
            }
        }
        Ok(())
    }
}

impl Drop for Lowered {
    fn drop(&mut self) {
        let _ = self.tidy(MOST, LARGEST);
    }
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    *blake3::hash(bytes).as_bytes()
}

/// What stands behind its digest; `None` where it is not what was written.
fn whole(bytes: &[u8]) -> Option<&[u8]> {
    let (head, rest) = bytes.split_at_checked(DIGEST)?;
    (digest(rest).get(..DIGEST)? == head).then_some(rest)
}

/// This program and no other: two builds of one version may lower differently.
fn program() -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(concat!("dbguard lowered programs 1 ", env!("CARGO_PKG_VERSION")));
    let about = std::env::current_exe().and_then(std::fs::metadata);
    if let Ok((about, Ok(changed))) = about.map(|about| (about.len(), about.modified())) {
        let since = changed.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        hasher.update(&about.to_le_bytes()).update(&since.as_nanos().to_le_bytes());
    }
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the test damages what was written")]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::lang::python;

    const TEXT: &str = "import sqlite3\nsqlite3.connect('a.db')\n";

    /// Asks for a content, and says whether it was parsed.
    fn ask(lowered: &Lowered, path: &str, number: usize) -> bool {
        let oid: Oid = format!("{number:040}").into();
        let mut parsed = false;
        let source = Source::new(path, TEXT.as_bytes().to_vec());
        let module = lowered.module(source, Language::Python, &oid, |source| {
            parsed = true;
            python::lower(Arc::new(source))
        });
        assert_eq!((module.calls.len(), &*module.source.path), (1, path));
        parsed
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn a_content_is_parsed_once_under_each_name_and_again_where_it_was_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let at = || Lowered::within(folder.path().join("made"));
        assert!(ask(&at(), "a.py", 1));
        assert!(!ask(&at(), "a.py", 1));
        assert!(ask(&at(), "b.py", 1) && ask(&at(), "a.py", 2));
        let mut other = at();
        other.program = [7; 32];
        assert!(ask(&other, "a.py", 1), "another program");
        for file in files(&folder.path().join("made")) {
            let mut bytes = std::fs::read(&file).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(&file, bytes).unwrap();
        }
        assert!(ask(&at(), "a.py", 1) && !ask(&at(), "a.py", 1));
        for file in files(&folder.path().join("made")) {
            std::fs::write(&file, "").unwrap();
        }
        assert!(ask(&at(), "a.py", 1) && !ask(&at(), "a.py", 1));
    }

    #[test]
    fn what_is_kept_has_a_bound() {
        let folder = tempfile::tempdir().unwrap();
        let run = || Lowered::within(folder.path().to_path_buf());
        for number in 0..20 {
            ask(&run(), "a.py", number);
        }
        let last = run();
        ask(&last, "a.py", 0);
        ask(&last, "a.py", 99);
        last.tidy(8, LARGEST).unwrap();
        assert_eq!(files(folder.path()).len(), 8);
        last.tidy(8, 0).unwrap();
        assert_eq!(files(folder.path()).len(), 2, "what this run asked for stays");
        assert!(!ask(&run(), "a.py", 0) && !ask(&run(), "a.py", 99) && ask(&run(), "a.py", 19));
    }
}
