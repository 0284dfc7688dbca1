//! Real trees in temporary folders.
#![expect(clippy::disallowed_methods, reason = "the tests lay out their own folders")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;

const DATABASE: &[u8] = b"SQLite format 3\0\x10\x00\x01\x01\x00\x40\x20\x20";

struct Laid(tempfile::TempDir);

impl Laid {
    fn out(files: &[(&str, &[u8])]) -> Self {
        let laid = Self(tempfile::tempdir().unwrap());
        for (path, bytes) in files {
            laid.file(path, bytes);
        }
        laid
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn file(&self, path: &str, bytes: &[u8]) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), bytes).unwrap();
    }

    fn git(&self, args: &[&str]) {
        let mut command = Command::new("git");
        command.arg("-C").arg(self.0.path()).args(["-c", "user.name=t", "-c", "user.email=t@t"]).args(args);
        assert!(command.env_remove("GIT_DIR").env_remove("GIT_INDEX_FILE").output().unwrap().status.success());
    }

    fn walk(&self) -> Tree {
        walk(self.0.path(), &Options::default()).unwrap()
    }
}

fn paths(tree: &Tree) -> Vec<&str> {
    tree.entries.iter().map(|entry| &*entry.path).collect()
}

fn entry<'t>(tree: &'t Tree, path: &str) -> &'t Entry {
    tree.entries.iter().find(|entry| &*entry.path == path).unwrap()
}

fn reason_of<'t>(tree: &'t Tree, path: &str) -> (&'t str, bool) {
    let skipped = tree.skipped.iter().find(|skipped| skipped.path == path).unwrap();
    (&skipped.reason, skipped.by_design)
}

fn padded(head: &[u8]) -> Vec<u8> {
    let mut bytes = head.to_vec();
    bytes.resize(4096, 0);
    bytes
}

#[test]
fn case_37_databases_are_known_by_their_first_bytes_whatever_their_name() {
    let laid = Laid::out(&[
        ("History", &padded(DATABASE)),
        ("History-wal", b"w"),
        ("notes-wal", b"a text"),
        ("data/zoe.db", &padded(DATABASE)),
        ("data/zoe.db-shm", b""),
        ("gone.db-journal", b"x"),
        ("empty.db", b""),
        ("Thumbs.db", b"\xD0\xCF\x11\xE0"),
        ("lfs.db", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"),
        ("cache.db/CURRENT", b"MANIFEST-000001\n"),
        ("mod.db/readme", b"a folder of another kind"),
        ("big.py", &[b'#'; 1024]),
    ]);
    let tree = laid.walk();
    for (path, kind) in [
        ("History", Kind::Database),
        ("History-wal", Kind::Sidecar),
        ("notes-wal", Kind::Text),
        ("data/zoe.db", Kind::Database),
        ("data/zoe.db-shm", Kind::Sidecar),
        ("gone.db-journal", Kind::Sidecar),
        ("empty.db", Kind::NamedLikeDatabase),
        ("Thumbs.db", Kind::NamedLikeDatabase),
        ("lfs.db", Kind::LfsPointer),
        ("cache.db", Kind::NamedLikeDatabase),
        ("big.py", Kind::Text),
    ] {
        assert_eq!(entry(&tree, path).kind, kind, "{path}");
    }
    assert!(!paths(&tree).contains(&"mod.db"));
    assert!(!tree.in_git);
}

#[test]
fn case_56_tracked_but_ignored_files_and_ignored_databases_are_found() {
    let laid = Laid::out(&[
        (".gitignore", b"data/\n*.secret.py\n!kept.secret.py\n/sub/generated.py\n"),
        ("sub/.gitignore", b"local.py\n"),
        ("a.py", b""),
        ("x.secret.py", b""),
        ("kept.secret.py", b""),
        ("sub/generated.py", b""),
        ("sub/local.py", b""),
        ("data/tracked.py", b""),
        ("data/untracked.py", b""),
        ("data/deep/zoe", &padded(DATABASE)),
        ("data/.env", b"X=1"),
        (".hidden/b.py", b""),
    ]);
    laid.git(&["init", "-q"]);
    laid.git(&["add", "-f", "data/tracked.py", "a.py"]);
    let tree = laid.walk();
    assert_eq!(
        paths(&tree),
        [
            ".gitignore",
            ".hidden/b.py",
            "a.py",
            "data/.env",
            "data/deep/zoe",
            "data/tracked.py",
            "kept.secret.py",
            "sub/.gitignore",
        ]
    );
    assert!(entry(&tree, "data/tracked.py").tracked && entry(&tree, "data/tracked.py").ignored);
    assert!(entry(&tree, "data/deep/zoe").ignored && !entry(&tree, "data/deep/zoe").tracked);
    assert!(tree.in_git);

    // A folder below the repository knows the rules of the folders above, and its own files in the index.
    let below = walk(&laid.path("sub"), &Options::default()).unwrap();
    assert_eq!(paths(&below), [".gitignore"]);
    // An ignored folder is read when it is what was asked for.
    let data = walk(&laid.path("data"), &Options::default()).unwrap();
    assert_eq!(paths(&data), [".env", "deep/zoe", "tracked.py", "untracked.py"]);
    assert!(entry(&data, "tracked.py").tracked && !entry(&data, "untracked.py").tracked);
}

#[test]
fn case_55_virtual_environments_and_built_output_are_skipped_even_when_committed() {
    let laid = Laid::out(&[
        ("myenv/pyvenv.cfg", b""),
        ("myenv/lib/x.py", b""),
        ("web/node_modules/p/i.js", b""),
        ("target/CACHEDIR.TAG", b"Signature: 8a477f597d28d172789f06886806bc55"),
        ("vendor/x/y.py", b""),
        ("build/make.py", b""),
        ("app/__pycache__/a.pyc", b""),
    ]);
    laid.git(&["init", "-q"]);
    laid.git(&["add", "-f", "."]);
    let tree = laid.walk();
    assert_eq!(paths(&tree), ["build/make.py"]);
    for folder in ["myenv", "web/node_modules", "target", "vendor", "app/__pycache__"] {
        assert!(reason_of(&tree, folder).1, "{folder}");
    }

    // What is named is read.
    let options = Options { paths: vec![laid.path("vendor/x")], ..Options::default() };
    let tree = walk(laid.0.path(), &options).unwrap();
    assert!(entry(&tree, "vendor/x/y.py").asked);
    assert!(!entry(&tree, "build/make.py").asked);
}

#[cfg(unix)]
#[test]
fn odd_files_are_told_of_and_stop_nothing() {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    let laid = Laid::out(&[("a/b.py", b""), ("z.py", b""), ("data/zoe.db", &padded(DATABASE))]);
    let outside = tempfile::tempdir().unwrap();
    symlink("loop", laid.path("loop")).unwrap();
    symlink("..", laid.path("a/up")).unwrap();
    symlink("none", laid.path("dangling")).unwrap();
    symlink(outside.path(), laid.path("outside")).unwrap();
    symlink("data/zoe.db", laid.path("zoe.db")).unwrap();
    assert!(Command::new("mkfifo").arg(laid.path("pipe")).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(laid.path("socket")).unwrap();
    laid.file("line\nbreak.py", b"");
    fs::write(laid.0.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9.py")), b"").unwrap();

    let tree = laid.walk();
    assert_eq!(paths(&tree), ["a/b.py", "data/zoe.db", "line\nbreak.py", "z.py"]);
    assert_eq!(tree.links, [("a/up".to_owned(), String::new()), ("zoe.db".to_owned(), "data/zoe.db".to_owned())]);
    for (path, word, by_design) in [
        ("loop", "cannot be followed", false),
        ("a/up", "to a folder", true),
        ("dangling", "to nothing", true),
        ("outside", "out of the tree", true),
        ("pipe", "named pipe", false),
        ("socket", "socket", false),
        ("caf\u{fffd}.py", "not UTF-8", false),
    ] {
        let (reason, design) = reason_of(&tree, path);
        assert!(reason.contains(word), "{path}: {reason}");
        assert_eq!(design, by_design, "{path}");
    }
}

#[test]
fn a_path_that_is_not_there_is_an_error_with_words() {
    let laid = Laid::out(&[("a.py", b"")]);
    let ask = |path: PathBuf| {
        walk(laid.0.path(), &Options { paths: vec![path], ..Options::default() }).unwrap_err().to_string()
    };
    assert!(ask("nope".into()).contains("nope does not exist"));
    assert!(ask("/".into()).contains("lies outside"));
    assert!(walk(Path::new("/nonexistent/x"), &Options::default()).is_err());
    assert!(walk(&laid.path("a.py"), &Options::default()).unwrap_err().to_string().contains("cannot be read"));
}

#[test]
fn lfs_and_submodules() {
    let inner = Laid::out(&[("i.py", b""), ("i.db", &padded(DATABASE))]);
    inner.git(&["init", "-q"]);
    inner.git(&["add", "."]);
    inner.git(&["commit", "-qm", "x"]);
    let laid = Laid::out(&[(".gitattributes", b"*.db filter=lfs\n"), ("a.db", &padded(DATABASE))]);
    laid.git(&["init", "-q"]);
    let from = inner.0.path().to_str().unwrap();
    laid.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", from, "sub"]);
    let tree = laid.walk();
    assert_eq!(git::in_lfs(laid.0.path(), &["a.db", "b.py"]), HashSet::from(["a.db".to_owned()]));
    assert!(entry(&tree, "sub/i.py").tracked);
}

#[test]
fn excluded_paths_are_left_alone() {
    let laid = Laid::out(&[("legacy/a.py", b""), ("b.py", b""), ("c/d.py", b"")]);
    let mut builder = globset::GlobSetBuilder::new();
    for glob in ["legacy/**", "**/d.py"] {
        builder.add(globset::Glob::new(glob).unwrap());
    }
    let options = Options { exclude: Some(builder.build().unwrap()), ..Options::default() };
    let tree = walk(laid.0.path(), &options).unwrap();
    assert_eq!(paths(&tree), ["b.py"]);
    assert_eq!(reason_of(&tree, "legacy"), ("excluded by the policy", true));
}
