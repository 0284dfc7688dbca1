//! How each language writes comments and strings, as data. Knows nothing of what they say.

/// The comments and quotes of a family of languages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) line_comments: &'static [&'static str],
    pub(super) block_comments: &'static [(&'static str, &'static str)],
    pub(super) quotes: &'static [Quote],
    /// What stands between quotes and is filled in by the program.
    pub(super) holes: &'static [Hole],
    pub(super) kind: Kind,
}

/// What a whole literal means in such a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Code gives a path a name.
    Program,
    /// Configuration sets it.
    Settings,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Quote {
    pub(super) open: &'static str,
    pub(super) close: &'static str,
    /// A backslash takes the meaning from the letter behind it.
    pub(super) escapes: bool,
    /// It may go on over the end of its line.
    pub(super) lines: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hole {
    /// `${x}`
    DollarBrace,
    /// `$x`
    Dollar,
    /// `#{x}`
    HashBrace,
    /// `\(x)`
    Swift,
    /// `{}`, `{x}`, `{0}`
    Brace,
    /// `%s`, `%d`, `%v`
    Percent,
}

const DOUBLE: Quote = Quote { open: "\"", close: "\"", escapes: true, lines: true };
const DOUBLE_LINE: Quote = Quote { open: "\"", close: "\"", escapes: true, lines: false };
const SINGLE: Quote = Quote { open: "'", close: "'", escapes: true, lines: false };
const TRIPLE: Quote = Quote { open: "\"\"\"", close: "\"\"\"", escapes: true, lines: true };
const TRIPLE_SINGLE: Quote = Quote { open: "'''", close: "'''", escapes: true, lines: true };
const SINGLE_LINES: Quote = Quote { open: "'", close: "'", escapes: true, lines: true };
/// What closes these two their first line says.
pub(super) const HEREDOC: &str = "<<";
pub(super) const RAW_OF_C: &str = "R\"";
const HERE: Quote = Quote { open: HEREDOC, close: "", escapes: false, lines: true };
const RAW_C: Quote = Quote { open: RAW_OF_C, close: "", escapes: false, lines: true };
const BACKTICK: Quote = Quote { open: "`", close: "`", escapes: false, lines: true };
const VERBATIM: Quote = Quote { open: "@\"", close: "\"", escapes: false, lines: true };
const RAW: [Quote; 3] = [
    Quote { open: "r\"", close: "\"", escapes: false, lines: true },
    Quote { open: "r#\"", close: "\"#", escapes: false, lines: true },
    Quote { open: "r##\"", close: "\"##", escapes: false, lines: true },
];

const C_COMMENTS: (&[&str], &[(&str, &str)]) = (&["//"], &[("/*", "*/")]);

const GO: Style = Style {
    line_comments: C_COMMENTS.0,
    block_comments: C_COMMENTS.1,
    quotes: &[DOUBLE_LINE, BACKTICK, SINGLE],
    holes: &[Hole::Percent],
    kind: Kind::Program,
};
const RUST: Style = Style {
    line_comments: C_COMMENTS.0,
    block_comments: C_COMMENTS.1,
    quotes: &[RAW[2], RAW[1], RAW[0], DOUBLE],
    holes: &[Hole::Brace],
    kind: Kind::Program,
};
/// C, C++, Java, Scala, Zig, Objective-C.
const C_LIKE: Style = Style {
    line_comments: C_COMMENTS.0,
    block_comments: C_COMMENTS.1,
    quotes: &[RAW_C, TRIPLE, DOUBLE_LINE, SINGLE],
    holes: &[Hole::Percent],
    kind: Kind::Program,
};
const CSHARP: Style = Style {
    line_comments: C_COMMENTS.0,
    block_comments: C_COMMENTS.1,
    quotes: &[TRIPLE, VERBATIM, DOUBLE_LINE, SINGLE],
    holes: &[Hole::Brace],
    kind: Kind::Program,
};
/// Kotlin, Dart, Groovy, Scala.
const DOLLARED: Style = Style {
    line_comments: C_COMMENTS.0,
    block_comments: C_COMMENTS.1,
    quotes: &[TRIPLE, TRIPLE_SINGLE, DOUBLE_LINE, SINGLE],
    holes: &[Hole::DollarBrace, Hole::Dollar],
    kind: Kind::Program,
};
const SWIFT: Style = Style {
    line_comments: C_COMMENTS.0,
    block_comments: C_COMMENTS.1,
    quotes: &[TRIPLE, DOUBLE_LINE],
    holes: &[Hole::Swift],
    kind: Kind::Program,
};
const RUBY: Style = Style {
    line_comments: &["#"],
    block_comments: &[("=begin", "=end")],
    quotes: &[HERE, DOUBLE, SINGLE_LINES, BACKTICK],
    holes: &[Hole::HashBrace, Hole::Percent],
    kind: Kind::Program,
};
const PHP: Style = Style {
    line_comments: &["//", "#"],
    block_comments: &[("/*", "*/")],
    quotes: &[HERE, DOUBLE, SINGLE_LINES],
    holes: &[Hole::DollarBrace, Hole::Dollar, Hole::Percent],
    kind: Kind::Program,
};
/// A backslash stands for itself in PowerShell, as paths need it.
const POWERSHELL: Style = Style {
    line_comments: &["#"],
    block_comments: &[("<#", "#>")],
    quotes: &[
        Quote { open: "\"", close: "\"", escapes: false, lines: true },
        Quote { open: "'", close: "'", escapes: false, lines: true },
    ],
    holes: &[Hole::DollarBrace, Hole::Dollar, Hole::Percent],
    kind: Kind::Program,
};
/// Perl, R, Julia, Nim, Crystal, Tcl.
const HASHED: Style = Style {
    line_comments: &["#"],
    block_comments: &[("<#", "#>"), ("#=", "=#")],
    quotes: &[TRIPLE, DOUBLE, SINGLE],
    holes: &[Hole::DollarBrace, Hole::Dollar, Hole::Percent],
    kind: Kind::Program,
};
const ELIXIR: Style = Style {
    line_comments: &["#"],
    block_comments: &[],
    quotes: &[TRIPLE, DOUBLE, SINGLE],
    holes: &[Hole::HashBrace],
    kind: Kind::Program,
};
const LUA: Style = Style {
    line_comments: &["--"],
    block_comments: &[("--[[", "]]")],
    quotes: &[DOUBLE_LINE, SINGLE, Quote { open: "[[", close: "]]", escapes: false, lines: true }],
    holes: &[Hole::Percent],
    kind: Kind::Program,
};
const HASKELL: Style = Style {
    line_comments: &["--"],
    block_comments: &[("{-", "-}")],
    quotes: &[DOUBLE_LINE],
    holes: &[Hole::Percent],
    kind: Kind::Program,
};
const LISP: Style = Style {
    line_comments: &[";"],
    block_comments: &[("#|", "|#")],
    quotes: &[DOUBLE],
    holes: &[],
    kind: Kind::Program,
};
const ERLANG: Style =
    Style { line_comments: &["%"], block_comments: &[], quotes: &[DOUBLE], holes: &[], kind: Kind::Program };
const NIX: Style = Style {
    line_comments: &["#"],
    block_comments: &[("/*", "*/")],
    quotes: &[Quote { open: "''", close: "''", escapes: false, lines: true }, DOUBLE],
    holes: &[Hole::DollarBrace],
    kind: Kind::Settings,
};
const HCL: Style = Style {
    line_comments: &["#", "//"],
    block_comments: &[("/*", "*/")],
    quotes: &[DOUBLE_LINE],
    holes: &[Hole::DollarBrace],
    kind: Kind::Settings,
};
/// Components with markup around their script.
const COMPONENT: Style = Style {
    line_comments: &["//"],
    block_comments: &[("<!--", "-->"), ("/*", "*/")],
    quotes: &[DOUBLE_LINE, SINGLE, Quote { open: "`", close: "`", escapes: true, lines: true }],
    holes: &[Hole::DollarBrace],
    kind: Kind::Program,
};
/// Whatever nobody knows: quotes must close on their line.
const UNKNOWN: Style = Style {
    line_comments: &["#", "//"],
    block_comments: &[("/*", "*/"), ("<!--", "-->")],
    quotes: &[DOUBLE_LINE, SINGLE],
    holes: &[Hole::DollarBrace, Hole::Dollar],
    kind: Kind::Settings,
};

/// The style for a file's ending; the flag tells whether the language is known at all.
pub(super) fn of(path: &str) -> (Style, bool) {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.').map_or(name, |(_, ending)| ending).to_ascii_lowercase();
    let style = match ending.as_str() {
        "go" => GO,
        "rs" | "ron" => RUST,
        "c" | "h" | "cc" | "cpp" | "cxx" | "hpp" | "hh" | "m" | "mm" | "java" | "zig" | "v" | "d" | "ino" | "proto"
        | "as" | "hx" | "sol" => C_LIKE,
        "cs" | "fs" | "fsx" | "vb" | "razor" | "cshtml" => CSHARP,
        "kt" | "kts" | "dart" | "groovy" | "gradle" | "scala" | "sc" | "jenkinsfile" => DOLLARED,
        "swift" => SWIFT,
        "rb" | "rake" | "gemspec" | "ru" | "erb" | "cr" | "rakefile" | "gemfile" | "vagrantfile" | "podfile"
        | "fastfile" | "brewfile" => RUBY,
        "php" | "phtml" | "blade" => PHP,
        "ps1" | "psm1" | "psd1" => POWERSHELL,
        "pl" | "pm" | "t" | "r" | "jl" | "nim" | "tcl" | "raku" | "awk" | "cmake" | "gd" | "star" | "bzl" | "bazel"
        | "mojo" => HASHED,
        "ex" | "exs" | "eex" | "heex" => ELIXIR,
        "lua" | "luau" => LUA,
        "hs" | "lhs" | "elm" | "purs" | "ads" | "adb" => HASKELL,
        "clj" | "cljs" | "cljc" | "edn" | "el" | "lisp" | "scm" | "rkt" | "fnl" => LISP,
        "erl" | "hrl" => ERLANG,
        "nix" => NIX,
        "tf" | "tfvars" | "hcl" | "nomad" | "bicep" | "cue" | "jsonnet" | "libsonnet" | "pkl" | "dhall" => HCL,
        "vue" | "svelte" | "astro" | "coffee" | "cjs" | "mts" | "cts" => COMPONENT,
        _ => return (UNKNOWN, false),
    };
    (style, true)
}
