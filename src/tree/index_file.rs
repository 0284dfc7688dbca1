//! Git's index, read without git where it is of the usual kind. In any doubt it says nothing, and git itself is asked.

use std::path::Path;

use super::repository::{Item, Mode};

/// Of SHA-1, by which an entry names its content.
const OID: usize = 20;
/// What stands in an entry before its name: times, numbers, mode, owner, size, the content's name, flags.
const FIXED: usize = 62;

/// Every file of an index; of one that is being merged, no version. `None` where the file is of a kind that is not known here:
/// version 4, a split or a sparse index.
pub(super) fn read(file: &Path) -> Option<Vec<Item>> {
    parse(&std::fs::read(file).ok()?)
}

fn parse(bytes: &[u8]) -> Option<Vec<Item>> {
    let (body, _checksum) = bytes.split_at_checked(bytes.len().checked_sub(OID)?)?;
    let (head, mut rest) = body.split_at_checked(12)?;
    let version = number(head.get(4..8)?)?;
    if head.get(..4)? != b"DIRC" || !matches!(version, 2 | 3) {
        return None;
    }
    let count = number(head.get(8..12)?)? as usize;
    let mut items = Vec::with_capacity(count.min(rest.len() / FIXED));
    for _ in 0..count {
        let flags = u16::from_be_bytes(rest.get(60..62)?.try_into().ok()?);
        // Two more bytes of flags.
        let start = if flags & 0x4000 == 0 { FIXED } else { FIXED + 2 };
        if start > FIXED && version == 2 {
            return None;
        }
        let length = memchr::memchr(0, rest.get(start..)?)?;
        let name = rest.get(start..start + length)?;
        let mode = match number(rest.get(24..28)?)? >> 12 {
            0o10 => Mode::File,
            0o12 => Mode::Link,
            0o16 => Mode::Submodule,
            _ => return None,
        };
        if flags >> 12 & 3 == 0 {
            let oid = hexadecimal(rest.get(40..60)?.try_into().ok()?);
            let oid = std::str::from_utf8(&oid).ok()?.into();
            items.push(Item { path: String::from_utf8_lossy(name).into(), mode, oid });
        }
        // An entry ends with one to eight zeros, at a multiple of eight.
        let end = (start + length + 8) & !7;
        if rest.get(start + length..end)?.iter().any(|byte| *byte != 0) {
            return None;
        }
        rest = rest.get(end..)?;
    }
    while !rest.is_empty() {
        // What begins with a small letter has to be understood by whoever reads the index.
        if !rest.first()?.is_ascii_uppercase() {
            return None;
        }
        rest = rest.get(8 + number(rest.get(4..8)?)? as usize..)?;
    }
    Some(items)
}

fn number(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

fn hexadecimal(bytes: &[u8; OID]) -> [u8; 2 * OID] {
    let digit = |half: u8| if half < 10 { b'0' + half } else { b'a' + half - 10 };
    let mut digits = [0; 2 * OID];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
    digits
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the test lays out its own repositories")]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::tree::Repository;

    fn git(folder: &Path, arguments: &[&str]) {
        let mut git = crate::tree::git::git(folder);
        git.args(["-c", "user.name=Tester", "-c", "user.email=tester@example.com"]);
        git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        let done = Command::output(git.args(arguments)).unwrap();
        assert!(done.status.success() || arguments[0] == "merge", "{arguments:?}: {done:?}");
    }

    fn repository(form: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &[&["init", "-q", "-b", "main"], form].concat());
        for name in ["a.py", "deep/er/b.py", "deep/c d.txt", "deep-er/ü.py", "1234567", "12345678", "123456789"] {
            std::fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        git(folder.path(), &["add", "."]);
        git(folder.path(), &["commit", "-qm", "first"]);
        folder
    }

    /// What git says, where the file said something.
    fn compared(folder: &Path) -> Option<usize> {
        let read = read(&folder.join(".git/index"))?;
        assert_eq!(read, Repository::at(folder, Vec::new()).listed().unwrap());
        Some(read.len())
    }

    #[test]
    fn the_usual_index_is_read_as_git_reads_it() {
        let folder = repository(&[]);
        let at = folder.path();
        assert_eq!(compared(at), Some(7));
        std::fs::write(at.join("new.py"), "new").unwrap();
        git(at, &["add", "--intent-to-add", "new.py"]);
        assert_eq!(compared(at), Some(8), "version 3");
        git(at, &["add", "new.py"]);
        #[cfg(unix)]
        std::os::unix::fs::symlink("a.py", at.join("link")).unwrap();
        git(at, &["add", "."]);
        git(at, &["update-index", "--add", "--cacheinfo", &format!("160000,{},module", "1".repeat(40))]);
        git(at, &["update-index", "--untracked-cache"]);
        assert_eq!(compared(at), Some(10));
        git(at, &["commit", "-qm", "more"]);
        git(at, &["switch", "-qc", "other", "HEAD^"]);
        std::fs::write(at.join("new.py"), "other").unwrap();
        git(at, &["add", "."]);
        git(at, &["commit", "-qm", "other"]);
        git(at, &["merge", "main"]);
        assert_eq!(compared(at), Some(9), "of a file in conflict no version is there");
    }

    #[test]
    fn an_index_of_another_kind_is_left_to_git() {
        let folder = repository(&[]);
        let at = folder.path();
        git(at, &["update-index", "--index-version", "4"]);
        assert_eq!(compared(at), None, "version 4");
        git(at, &["update-index", "--index-version", "2"]);
        assert_eq!(compared(at), Some(7));
        git(at, &["update-index", "--split-index"]);
        assert_eq!(compared(at), None, "a split index");
        git(at, &["update-index", "--no-split-index"]);
        git(at, &["sparse-checkout", "set", "--cone", "--sparse-index", "deep"]);
        assert_eq!(compared(at), None, "a sparse index");
        let long = repository(&["--object-format=sha256"]);
        let repository = Repository::at(long.path(), Vec::new());
        assert_eq!(repository.index().unwrap(), repository.listed().unwrap(), "longer names of contents");
    }

    #[test]
    fn any_damage_is_answered() {
        let folder = repository(&[]);
        let bytes = std::fs::read(folder.path().join(".git/index")).unwrap();
        assert!(parse(&bytes).is_some());
        for at in 0..bytes.len() {
            let _ = parse(&bytes[..at]);
            let mut damaged = bytes.clone();
            damaged[at] ^= 0xFF;
            let _ = parse(&damaged);
        }
    }
}
