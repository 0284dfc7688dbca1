//! Writing: a change that a remedy asks for becomes edits of one source, in its language. Knows no rule and no file on disk.

mod destroys;

use tree_sitter::{Parser, TreeCursor};

use super::{Language, config, javascript, names, python, shell, sql, yaml};
use crate::finding::Declared;
use crate::text::{Edit, Source, Span};

pub use destroys::destroys_files;

/// How code reaches a database, as the policy wants it written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// With `{env}` and `{path}`: `os.environ.get("{env}", "{path}")`.
    pub template: String,
    /// The import that gives a name holding the path, instead of the template: `from app.config import DATABASE_PATH`.
    pub import: Option<String>,
}

/// One change of a source, in no language's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<'a> {
    /// The expression or literal at `at` that names a database is read from the environment, with this default.
    /// `value` is the path as it is understood there, with `*` for what is not known.
    UseEnvironment { at: Span, env: &'a str, default: &'a str, access: &'a Access, keep: Keep, value: &'a str },
    /// The path written at `at` becomes `path`; type, quotes, URL scheme and run-time folder stay as far as they can.
    Retarget { at: Span, path: &'a str },
    /// The variable named at `at` becomes `to`.
    RenameVariable { at: Span, from: &'a str, to: &'a str },
    /// The value at `at` (of a variable, a key or a default) becomes `value`.
    SetValue { at: Span, value: &'a str },
    /// The table name at `at` (a table use's place) becomes `to`; its quotes stay, and come where the new name needs them.
    RenameTable { at: Span, from: &'a str, to: &'a str },
    /// What stands at `at` says that its table is called `to`, or what followed from the table's name keeps its own.
    DeclareTable { at: Span, to: &'a str, how: &'a Declared },
}

impl Change<'_> {
    /// The place that it is about.
    #[must_use]
    pub fn at(&self) -> Span {
        match *self {
            Self::UseEnvironment { at, .. }
            | Self::Retarget { at, .. }
            | Self::RenameVariable { at, .. }
            | Self::SetValue { at, .. }
            | Self::RenameTable { at, .. }
            | Self::DeclareTable { at, .. } => at,
        }
    }
}

/// How much of what names a database now may stay in the default, where code puts it together at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// It is the same database: the expression can stay whole.
    Whole,
    /// The other database lies in the same folder: all but the file's name can stay.
    Folder,
    /// It lies below that folder: what stands for the file's name is so many components of the other path.
    Below(usize),
    /// Nothing.
    Nothing,
}

/// Why a place is not rewritten, in words for people: "the text is written out for another program".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(pub String);

impl Refusal {
    pub(super) fn because(words: impl Into<String>) -> Self {
        Self(words.into())
    }

    /// `by` does away with the file that is named; `place` says where, with a blank in front.
    #[must_use]
    pub fn of_destroyed(by: &str, place: &str) -> Self {
        Self(format!("`{by}`{place} deletes, moves or overwrites the file: it must not become another one"))
    }
}

/// What a change came to.
pub type Written = Result<Vec<Edit>, Refusal>;

/// Writes each change out, in the order given. Edits lie in `source` only, imports included; those of all changes that were
/// not refused can be made together.
#[must_use]
pub fn write(source: &Source, language: Language, changes: &[Change<'_>]) -> Vec<Written> {
    // A model that takes its table's name from its own has none that could be written over.
    let is_model = |at: Span| match language {
        Language::Python => is_name_of_class(source, at),
        Language::Javascript | Language::Typescript => javascript::model_at(source, at).is_some(),
        _ => false,
    };
    let in_sql = |change: &Change<'_>| matches!(change, Change::RenameTable { at, .. } if !is_model(*at));
    let (tables, others): (Vec<_>, Vec<_>) = changes.iter().enumerate().partition(|(_, change)| in_sql(change));
    let mut written: Vec<Written> = vec![Err(Refusal::because("nothing was written")); changes.len()];
    let mut keep = |asked: Vec<(usize, &Change<'_>)>, by: Writer| {
        let only: Vec<Change<'_>> = asked.iter().map(|(_, change)| **change).collect();
        if only.is_empty() {
            return;
        }
        for ((index, _), result) in asked.into_iter().zip(by(source, language, &only)) {
            if let Some(slot) = written.get_mut(index) {
                *slot = result;
            }
        }
    };
    keep(tables, sql::write);
    keep(others, writer(language));
    for (change, written) in changes.iter().zip(&mut written).filter(|(_, written)| written.is_ok()) {
        if let Some(by) = other_file(source, change).and_then(|at| destroys::destroyer(source, at)) {
            *written = Err(Refusal::of_destroyed(&by, ""));
        }
        if let Some((absolute, relative)) = loses_its_root(source, language, change) {
            *written = Err(Refusal(format!(
                "`{absolute}` is a place of the machine or the container, and `{relative}` depends on where the program starts: say under `[mounts]` where that folder lies, or give the policy an absolute path"
            )));
        }
        if is_ending_alone(source, change) {
            *written = Err(Refusal::because("the name of the file is put together from pieces: it can be any"));
        }
    }
    written
}

/// `User` in `class User(db.Model):`.
fn is_name_of_class(source: &Source, at: Span) -> bool {
    let before = source.text.get(..at.range().start).unwrap_or("");
    let after = source.text.get(at.range().end..).unwrap_or("");
    let line = before.rsplit('\n').next().unwrap_or("");
    line.trim() == "class" && after.trim_start().starts_with(['(', ':'])
}

/// Configuration that gives an absolute path would give a relative one: in a container that is another place, and nothing is kept of it.
fn loses_its_root<'a>(source: &'a Source, language: Language, change: &Change<'a>) -> Option<(&'a str, &'a str)> {
    let (Change::Retarget { at, path } | Change::SetValue { at, value: path }) = *change else { return None };
    let configures = matches!(
        language,
        Language::Yaml | Language::Toml | Language::Json | Language::Ini | Language::Dotenv | Language::Dockerfile
    );
    let written = names::strip_url(source.slice(at).trim_matches(['"', '\'']));
    let path = names::strip_url(path);
    let is_relative = path.starts_with(|first: char| first.is_alphanumeric() || matches!(first, '.' | '_'));
    let is_rooted = ["/", "~", "$HOME", "${HOME}"].iter().any(|root| written.starts_with(root));
    (configures && is_rooted && is_relative).then_some((written, path))
}

/// `name + ".db"`: the literal is only how names of databases end.
fn is_ending_alone(source: &Source, change: &Change<'_>) -> bool {
    let (Change::UseEnvironment { at, .. } | Change::Retarget { at, .. }) = *change else { return false };
    let words = source.slice(at).trim_matches(['"', '\'', '`']);
    words.strip_prefix('.').is_some_and(|ending| {
        !ending.is_empty() && ending.len() < 8 && ending.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// Whether the change names a file of another name where it is made.
#[must_use]
pub fn names_other_file(source: &Source, change: &Change<'_>) -> bool {
    other_file(source, change).is_some()
}

/// The place, where the change names a file of another name there.
fn other_file(source: &Source, change: &Change<'_>) -> Option<Span> {
    let (at, path) = match *change {
        Change::UseEnvironment { at, default, .. } => (at, default),
        Change::Retarget { at, path } => (at, path),
        Change::SetValue { at, value } => (at, value),
        Change::RenameVariable { .. } | Change::RenameTable { .. } | Change::DeclareTable { .. } => return None,
    };
    let name = |text: &str| names::strip_url(text).rsplit(['/', '\\']).next().unwrap_or("").to_owned();
    let written = source.text.get(at.range())?;
    (!written.contains(&name(path))).then_some(at)
}

type Writer = fn(&Source, Language, &[Change<'_>]) -> Vec<Written>;

fn writer(language: Language) -> Writer {
    match language {
        Language::Python => python::write,
        Language::Javascript | Language::Typescript => javascript::write,
        Language::Shell => shell::write,
        Language::Yaml
        | Language::Toml
        | Language::Json
        | Language::Ini
        | Language::Dotenv
        | Language::Dockerfile
        | Language::Sql
        | Language::Markdown
        | Language::Ignore
        | Language::Other => config::write,
    }
}

/// Whether `after` still parses at least as well as `before`: no error that was not there. True of what has no grammar.
#[must_use]
pub fn parses_as_well(language: Language, before: &str, after: &str) -> bool {
    let Some(grammars) = grammars(language) else { return true };
    if is_too_deep(language, before) || is_too_deep(language, after) {
        return false;
    }
    if grammars.iter().any(|grammar| errors(grammar, after) == Some(0)) {
        return true;
    }
    // The grammar that understands the text as it was best is the one to ask.
    let mut best: Option<(usize, &tree_sitter::Language)> = None;
    for grammar in &grammars {
        match errors(grammar, before) {
            Some(0) => return false,
            Some(found) if best.is_none_or(|(fewest, _)| found < fewest) => best = Some((found, grammar)),
            _ => {}
        }
    }
    best.is_some_and(|(found, grammar)| errors(grammar, after).is_some_and(|after| after <= found))
}

/// The grammars that may understand a language; `None` where it has none.
fn grammars(language: Language) -> Option<Vec<tree_sitter::Language>> {
    Some(match language {
        Language::Python => vec![tree_sitter_python::LANGUAGE.into()],
        // Either may be the other under a wrong name, and both may hold markup.
        Language::Javascript => {
            vec![tree_sitter_javascript::LANGUAGE.into(), tree_sitter_typescript::LANGUAGE_TSX.into()]
        }
        Language::Typescript => {
            vec![tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(), tree_sitter_typescript::LANGUAGE_TSX.into()]
        }
        Language::Shell => vec![tree_sitter_bash::LANGUAGE.into()],
        Language::Yaml => vec![tree_sitter_yaml::LANGUAGE.into()],
        Language::Toml => vec![tree_sitter_toml_ng::LANGUAGE.into()],
        Language::Json => vec![tree_sitter_json::LANGUAGE.into()],
        Language::Sql
        | Language::Ini
        | Language::Dotenv
        | Language::Dockerfile
        | Language::Markdown
        | Language::Ignore
        | Language::Other => return None,
    })
}

fn is_too_deep(language: Language, text: &str) -> bool {
    match language {
        Language::Python => python::is_too_deep(text),
        Language::Yaml => yaml::is_too_deep(text),
        _ => false,
    }
}

/// Whether what stands at `at` is a comment, as a grammar of the language sees it. True of what has no grammar.
pub(super) fn is_comment(language: Language, text: &str, at: Span) -> bool {
    let Some(grammars) = grammars(language) else { return true };
    grammars.iter().any(|grammar| {
        let mut parser = Parser::new();
        if parser.set_language(grammar).is_err() {
            return false;
        }
        let Some(tree) = parser.parse(text, None) else { return false };
        let node = tree.root_node().descendant_for_byte_range(at.range().start, at.range().end);
        node.is_some_and(|node| node.kind().contains("comment"))
    })
}

/// How many places of a text its grammar does not understand.
fn errors(grammar: &tree_sitter::Language, text: &str) -> Option<usize> {
    let mut parser = Parser::new();
    parser.set_language(grammar).ok()?;
    let tree = parser.parse(text, None)?;
    if !tree.root_node().has_error() {
        return Some(0);
    }
    let mut cursor = tree.walk();
    let mut found = 0;
    loop {
        let node = cursor.node();
        found += usize::from(node.is_error() || node.is_missing());
        if (node.has_error() && cursor.goto_first_child()) || next(&mut cursor) {
            continue;
        }
        return Some(found);
    }
}

fn next(cursor: &mut TreeCursor<'_>) -> bool {
    loop {
        if cursor.goto_next_sibling() {
            return true;
        }
        if !cursor.goto_parent() {
            return false;
        }
    }
}

#[cfg(test)]
pub(super) mod testing;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configuration_that_names_a_place_of_the_machine_goes_on_doing_so() {
        for (language, text, path, kept) in [
            (Language::Yaml, "sqlite:////data/auth.db", "data/app.db", true),
            (Language::Dockerfile, "/data/auth.db", "data/app.db", true),
            (Language::Ini, "\"/var/lib/auth.db\"", "./app.db", true),
            (Language::Yaml, "/data/auth.db", "/data/app.db", false),
            (Language::Yaml, "sqlite:///data/auth.db", "data/app.db", false),
            (Language::Dotenv, "data/auth.db", "data/app.db", false),
            (Language::Dotenv, "/data/auth.db", "~/app.db", false),
        ] {
            let source = Source::new("a", text.as_bytes().to_vec());
            let change = Change::Retarget { at: Span::new(0, text.len()), path };
            let refused = write(&source, language, &[change]).remove(0).is_err_and(|it| it.0.contains("container"));
            assert_eq!(refused, kept, "{text}");
        }
    }

    #[test]
    fn a_text_that_parses_worse_is_told() {
        for (language, before, after, well) in [
            (Language::Python, "x = 1\n", "x = 2\n", true),
            (Language::Python, "x = 1\n", "x = (\n", false),
            (Language::Python, "x = (\n", "x = (\n", true),
            (Language::Yaml, "a: 1\n", "a: [\n", false),
            (Language::Json, "{\"a\": 1}", "{\"a\": \"b\"}", true),
            (Language::Ini, "[", "[[", true),
        ] {
            assert_eq!(parses_as_well(language, before, after), well, "{before} {after}");
        }
    }
}
