//! Odd scripts: whatever the bytes, no panic, no stack that ends, and places that lie in the source.

use proptest::prelude::*;

use crate::lang::Language;
use crate::lang::config::testing::sound_for;

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        sound_for("x.sh", Language::Shell, bytes);
    }

    #[test]
    fn no_mixture_makes_it_panic(parts in proptest::collection::vec(proptest::sample::select(PARTS), 0..40)) {
        sound_for("x.sh", Language::Shell, parts.concat().into_bytes());
        sound_for("x.sh", Language::Shell, parts.join(" ").into_bytes());
        sound_for("x.ps1", Language::Shell, parts.join(" ").into_bytes());
    }
}

const PARTS: &[&str] = &[
    "sqlite3",
    "x.db",
    "$DB",
    "${A:-",
    "}",
    "\"",
    "'",
    "\n",
    "<<EOF\n",
    "\nEOF\n",
    "<<<",
    "|",
    "echo",
    ";",
    "(",
    ")",
    "$(",
    "DB=",
    "export ",
    "for x in",
    "; do",
    "; done",
    "if [",
    "]",
    "; then",
    "fi",
    "é",
    "🙂",
    "\u{fffc}",
    "*",
    "{a,b}",
    "ssh h",
    "bash -c",
    "docker run -e",
    "-v a:/b",
    "cp",
    "find -name",
    "printf",
    "%s",
    "SELECT * FROM t",
    "ATTACH",
    "AS o",
    "python -c",
    "\\",
    "#",
    "~/",
    "f() {",
    "$1",
    "DBS=(",
    "[k]=",
    "case x in",
    "esac",
    "`",
    "test -f",
    "-",
    "=",
    "cat > a.py",
];

#[test]
fn deep_nesting_is_read() {
    sound_for(
        "x.sh",
        Language::Shell,
        format!("{}sqlite3 x.db{}", "( ".repeat(20_000), " )".repeat(20_000)).into_bytes(),
    );
    sound_for("x.sh", Language::Shell, format!("X={}x.db{}", "${A:-".repeat(5_000), "}".repeat(5_000)).into_bytes());
    sound_for("x.sh", Language::Shell, format!("X={}x.db{}", "$(echo ".repeat(3_000), ")".repeat(3_000)).into_bytes());
    let mut nested = String::from("A0=x.db\n");
    for level in 1..30 {
        let before = format!("$A{}", level - 1);
        nested.push_str(&format!("A{level}={}\n", before.repeat(20)));
    }
    nested.push_str("sqlite3 $A29/x.db\n");
    sound_for("x.sh", Language::Shell, nested.into_bytes());
    sound_for("x.sh", Language::Shell, "bash -c 'bash -c ".repeat(2_000).into_bytes());
    let heredocs: String = (0..500).map(|level| format!("bash <<E{level}\n")).collect();
    sound_for("x.sh", Language::Shell, heredocs.into_bytes());
}
