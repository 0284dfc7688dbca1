//! What kind of file a file is, by its name and its first bytes.

use std::io;
use std::path::Path;

use super::{Entry, Kind};

/// The first bytes of every SQLite database. <https://www.sqlite.org/fileformat2.html#the_database_header>
pub const HEADER: &[u8] = b"SQLite format 3\0";
/// The first bytes of a Git LFS pointer.
pub const LFS: &[u8] = b"version https://git-lfs.github.com/spec/";

const ENDINGS: [&str; 8] = [".db", ".db3", ".sqlite", ".sqlite3", ".sqlitedb", ".s3db", ".sl3", ".sqlite-db"];
const SIDECARS: [&str; 3] = ["-wal", "-shm", "-journal"];

#[must_use]
pub fn is_named_like_database(name: &str) -> bool {
    ENDINGS.iter().any(|ending| name.len() > ending.len() && ends_with(name, ending))
}

/// Whatever the case of its letters.
fn ends_with(name: &str, ending: &str) -> bool {
    let at = name.len().checked_sub(ending.len());
    at.and_then(|at| name.as_bytes().get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(ending.as_bytes()))
}

#[must_use]
pub fn is_sidecar(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    SIDECARS.iter().any(|sidecar| lower.strip_suffix(sidecar).is_some_and(is_named_like_database))
}

/// Sidecars belong to the database whose name they carry, whatever it is called.
pub(super) fn name_sidecars(entries: &mut [Entry]) {
    let databases: std::collections::HashSet<String> =
        entries.iter().filter(|entry| entry.kind == Kind::Database).map(|entry| entry.path.to_string()).collect();
    if databases.is_empty() {
        return;
    }
    for entry in entries.iter_mut().filter(|entry| entry.kind == Kind::Text) {
        let owner = SIDECARS.iter().find_map(|sidecar| entry.path.strip_suffix(sidecar));
        if owner.is_some_and(|owner| databases.contains(owner)) {
            entry.kind = Kind::Sidecar;
        }
    }
}

/// The database that a sidecar's path belongs to.
#[must_use]
pub fn sidecar_owner(path: &str) -> Option<&str> {
    SIDECARS.iter().find_map(|sidecar| path.strip_suffix(sidecar))
}

/// Another format under a database's name, told by its first bytes.
#[must_use]
pub fn foreign_format(head: &[u8]) -> Option<&'static str> {
    const FORMATS: [(usize, &[u8], &str); 30] = [
        (0, LFS, "Git LFS pointer"),
        (0, b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "Windows thumbnail cache"),
        (0, b"** This file contains an SQLite 2", "SQLite 2"),
        (16, b"\xED\xDA\x0C\xED", "bbolt"),
        (16, b"\xDE\xC0\xEF\xBE", "LMDB"),
        (16, b"T-DB", "Realm"),
        (12, b"\x62\x31\x05\x00", "Berkeley DB"),
        (12, b"\x61\x15\x06\x00", "Berkeley DB"),
        (12, b"\x53\x22\x04\x00", "Berkeley DB"),
        (12, b"\x00\x05\x31\x62", "Berkeley DB"),
        (12, b"\x00\x06\x15\x61", "Berkeley DB"),
        (12, b"\x00\x04\x22\x53", "Berkeley DB"),
        (0, b"\x61\x15\x06\x00", "Berkeley DB"),
        (0, b"\x00\x06\x15\x61", "Berkeley DB"),
        (0, b"\xCE\x9A\x57\x13", "GDBM"),
        (0, b"\xCF\x9A\x57\x13", "GDBM"),
        (0, b"\xCD\x9A\x57\x13", "GDBM"),
        (8, b"DUCK", "DuckDB"),
        (4, b"Standard Jet DB", "Microsoft Access"),
        (4, b"Standard ACE DB", "Microsoft Access"),
        (0, b"TDB file\n", "TDB"),
        (0, b"REDIS0", "Redis dump"),
        (0, b"\x1F\x8B", "gzip"),
        (0, b"PK\x03\x04", "zip"),
        (0, b"BZh", "bzip2"),
        (0, b"\xFD7zXZ\0", "xz"),
        (0, b"\x28\xB5\x2F\xFD", "zstd"),
        (0, b"\x89HDF\r\n", "HDF5"),
        (0, b"PGDMP", "PostgreSQL dump"),
        (0, b"\x80\x04\x95", "Python pickle"),
    ];
    FORMATS
        .iter()
        .find(|(at, magic, _)| head.get(*at..).is_some_and(|rest| rest.starts_with(magic)))
        .map(|(_, _, name)| *name)
        .or_else(|| is_dbase(head).then_some("dBase"))
}

/// A version, a date, and a header whose length fits its field descriptors.
fn is_dbase(head: &[u8]) -> bool {
    let [0x02 | 0x03 | 0x30 | 0x31 | 0x83 | 0x8B | 0xF5, _, 1..=12, 1..=31, ..] = head else { return false };
    let Some(&[low, high]) = head.get(8..10) else { return false };
    let length = u16::from_le_bytes([low, high]);
    length > 33 && (length - 33) % 32 == 0
}

/// What a database that is stored as a folder of files is.
#[must_use]
pub fn foreign_folder(path: &Path) -> Option<&'static str> {
    const MARKS: [(&str, &str); 4] = [
        ("CURRENT", "LevelDB folder"),
        ("data.mdb", "LMDB folder"),
        ("_latest.manifest", "LanceDB folder"),
        ("WiredTiger", "WiredTiger folder"),
    ];
    MARKS.iter().find(|(mark, _)| path.join(mark).exists()).map(|(_, name)| *name)
}

/// What a regular file is, or why it is none of our business.
pub(super) enum Verdict {
    Is(Kind),
    /// It holds no text and no database.
    Nothing,
    Skipped {
        reason: String,
        by_design: bool,
    },
}

/// What the first bytes of a file say, as far as it matters to what is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Head {
    Database,
    LfsPointer,
    #[default]
    Other,
}

impl Head {
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        if bytes.starts_with(HEADER) {
            Self::Database
        } else if bytes.starts_with(LFS) {
            Self::LfsPointer
        } else {
            Self::Other
        }
    }
}

/// Decides by name and size, and asks for the first bytes only where those leave room for doubt.
pub(super) fn of(name: &str, size: u64, largest: u64, head: impl FnOnce() -> io::Result<Head>) -> io::Result<Verdict> {
    // Most files are sources, whose endings none of the others have.
    let is_source = is_source(name);
    let named = !is_source && is_named_like_database(name);
    if !is_source && is_sidecar(name) {
        return Ok(Verdict::Is(Kind::Sidecar));
    }
    // SQLite writes whole pages, the smallest of 512 bytes: other sizes need no look.
    if named || size > 0 && size.is_multiple_of(512) {
        match head()? {
            Head::Database => return Ok(Verdict::Is(Kind::Database)),
            Head::LfsPointer if named => return Ok(Verdict::Is(Kind::LfsPointer)),
            Head::Other if named => return Ok(Verdict::Is(Kind::NamedLikeDatabase)),
            _ => {}
        }
    }
    if !is_source && has_binary_ending(name) {
        return Ok(Verdict::Nothing);
    }
    if size > largest {
        let reason = format!("too large for a source ({} MiB)", size >> 20);
        return Ok(Verdict::Skipped { reason, by_design: false });
    }
    Ok(match skipped_file(name) {
        Some(reason) => Verdict::Skipped { reason: reason.to_owned(), by_design: true },
        None => Verdict::Is(Kind::Text),
    })
}

/// A source by its ending: text, and never a database unless somebody means to deceive.
#[must_use]
pub fn is_source(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    matches!(
        ending,
        "py" | "pyi"
            | "js"
            | "mjs"
            | "cjs"
            | "jsx"
            | "ts"
            | "mts"
            | "tsx"
            | "go"
            | "rs"
            | "rb"
            | "java"
            | "kt"
            | "c"
            | "h"
            | "cc"
            | "cpp"
            | "hpp"
            | "cs"
            | "php"
            | "swift"
            | "sh"
            | "md"
            | "rst"
            | "yml"
            | "yaml"
            | "toml"
            | "html"
            | "css"
            | "scss"
            | "vue"
            | "svelte"
    )
}

/// Why a text is not read though it could be.
pub(super) fn skipped_file(name: &str) -> Option<&'static str> {
    if [".min.js", ".min.css", ".bundle.js", ".min.mjs"].iter().any(|ending| ends_with(name, ending)) {
        return Some("a minified bundle");
    }
    if ends_with(name, ".map") {
        return Some("a source map");
    }
    let locks = [
        "package-lock.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        "poetry.lock",
        "cargo.lock",
        "uv.lock",
        "composer.lock",
        "gemfile.lock",
        "go.sum",
        "pdm.lock",
        "bun.lock",
        "npm-shrinkwrap.json",
        "pipfile.lock",
        "flake.lock",
    ];
    locks.iter().any(|lock| lock.eq_ignore_ascii_case(name)).then_some("a lock file")
}

/// Files that hold no text; a look at their first bytes is enough, and only if a database could hide there.
pub(super) fn has_binary_ending(name: &str) -> bool {
    let ending = name.rsplit('.').next().unwrap_or("").to_ascii_lowercase();
    matches!(
        ending.as_str(),
        "png"
            | "jpg"
            | "jpeg"
            | "gif"
            | "webp"
            | "ico"
            | "bmp"
            | "tif"
            | "tiff"
            | "avif"
            | "heic"
            | "pdf"
            | "zip"
            | "gz"
            | "bz2"
            | "xz"
            | "zst"
            | "7z"
            | "tar"
            | "rar"
            | "jar"
            | "war"
            | "whl"
            | "so"
            | "dll"
            | "dylib"
            | "exe"
            | "o"
            | "a"
            | "lib"
            | "class"
            | "pyc"
            | "pyo"
            | "pyd"
            | "woff"
            | "woff2"
            | "ttf"
            | "otf"
            | "eot"
            | "mp3"
            | "mp4"
            | "wav"
            | "ogg"
            | "flac"
            | "m4a"
            | "mov"
            | "avi"
            | "mkv"
            | "webm"
            | "npy"
            | "npz"
            | "pkl"
            | "pickle"
            | "pt"
            | "pth"
            | "onnx"
            | "safetensors"
            | "gguf"
            | "bin"
            | "dat"
            | "parquet"
            | "feather"
            | "h5"
            | "wasm"
            | "svg"
            | "psd"
            | "mmdb"
            | "tflite"
            | "joblib"
            | "mo"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_databases_and_their_sidecars() {
        for yes in ["zoe.db", "X.SQLITE3", "a.b.db3"] {
            assert!(is_named_like_database(yes), "{yes}");
        }
        for no in [".db", "db", "x.dbf", "x.db.bak", "x.py"] {
            assert!(!is_named_like_database(no), "{no}");
        }
        assert!(is_sidecar("zoe.db-wal") && !is_sidecar("notes-wal"));
        assert_eq!(sidecar_owner("data/zoe.db-shm"), Some("data/zoe.db"));
    }

    #[test]
    fn case_38_formats_under_a_database_s_name() {
        assert_eq!(foreign_format(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1rest"), Some("Windows thumbnail cache"));
        assert_eq!(foreign_format(b"version https://git-lfs.github.com/spec/v1\n"), Some("Git LFS pointer"));
        let mut bolt = [0u8; 32];
        bolt[16..20].copy_from_slice(b"\xED\xDA\x0C\xED");
        assert_eq!(foreign_format(&bolt), Some("bbolt"));
        let mut dbase = [0; 70];
        dbase[..4].copy_from_slice(&[3, 95, 7, 26]);
        dbase[8] = 65;
        assert_eq!(foreign_format(&dbase), Some("dBase"));
        assert_eq!(foreign_format(b"SQLite format 3\0"), None);
        assert_eq!(foreign_format(b""), None);
    }
}
