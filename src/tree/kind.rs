//! What kind of file a file is, by its name and its first bytes; which folders hold other people's code.

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
    let lower = name.to_ascii_lowercase();
    ENDINGS.iter().any(|ending| lower.ends_with(ending) && lower.len() > ending.len())
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
    const FORMATS: [(usize, &[u8], &str); 12] = [
        (0, b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "Windows thumbnail cache"),
        (0, LFS, "Git LFS pointer"),
        (16, b"\xED\xDA\x0C\xED", "bbolt"),
        (12, b"\x62\x31\x05\x00", "Berkeley DB"),
        (12, b"\x61\x15\x06\x00", "Berkeley DB"),
        (0, b"\x1F\x8B", "gzip"),
        (0, b"PK\x03\x04", "zip"),
        (0, b"\x28\xB5\x2F\xFD", "zstd"),
        (8, b"DUCK", "DuckDB"),
        (0, b"** This file contains an SQLite 2", "SQLite 2"),
        (0, b"REDIS", "Redis dump"),
        (4, b"Standard Jet DB", "Microsoft Access"),
    ];
    FORMATS
        .iter()
        .find(|(at, magic, _)| head.get(*at..).is_some_and(|rest| rest.starts_with(magic)))
        .map(|(_, _, name)| *name)
}

/// Why a folder's files are not the project's own; `None` when they are.
#[must_use]
pub fn skipped_folder(name: &str, path: &Path) -> Option<&'static str> {
    let beside = |sibling: &str| path.with_file_name(sibling).exists();
    match name {
        ".git" | ".hg" | ".svn" | ".jj" => Some("version control"),
        "node_modules" | "bower_components" | "jspm_packages" => Some("installed packages"),
        "site-packages" | "dist-packages" => Some("installed packages"),
        "__pycache__" | ".mypy_cache" | ".pytest_cache" | ".ruff_cache" | ".tox" | ".nox" | ".eggs" | ".hypothesis"
        | ".gradle" | ".terraform" | ".next" | ".nuxt" | ".svelte-kit" | ".parcel-cache" | ".turbo" | ".cache" => {
            Some("a tool's cache")
        }
        "vendor" | "vendored" | "_vendor" | "third_party" | "third-party" | "thirdparty" | "external_libs" => {
            Some("vendored code")
        }
        "dist" if beside("package.json") || beside("pyproject.toml") || beside("setup.py") || is_bundle(path) => {
            Some("built output")
        }
        "build" if is_bundle(path) || path.join("lib").is_dir() && beside("setup.py") => Some("built output"),
        "target" if path.join("CACHEDIR.TAG").exists() => Some("built output"),
        _ if name.ends_with(".egg-info") || name.ends_with(".dist-info") => Some("package metadata"),
        _ if path.join("pyvenv.cfg").exists()
            || path.join("bin/activate").exists()
            || path.join("Scripts/activate").exists() =>
        {
            Some("a virtual environment")
        }
        _ => None,
    }
}

/// A folder that a bundler wrote: an `index.html` beside assets, or scripts with hashes in their names.
fn is_bundle(path: &Path) -> bool {
    path.join("index.html").exists()
        && (path.join("assets").is_dir() || path.join("static").is_dir() || path.join("js").is_dir())
}

/// Why a text is not read though it could be.
pub(super) fn skipped_file(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    if [".min.js", ".min.css", ".bundle.js", ".min.mjs"].iter().any(|ending| lower.ends_with(ending)) {
        return Some("a minified bundle");
    }
    if lower.ends_with(".map") {
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
    locks.contains(&lower.as_str()).then_some("a lock file")
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
        assert_eq!(foreign_format(b"SQLite format 3\0"), None);
        assert_eq!(foreign_format(b""), None);
    }
}
