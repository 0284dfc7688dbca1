//! Changes of shell scripts: quotes, other words and everything around a word stay. What runs elsewhere is left alone.

use tree_sitter::Node;

use crate::lang::config::{in_heredoc, whole_words, write as rewrite};
use crate::lang::write::{Change, Refusal, Written};
use crate::lang::{Language, names, spell};
use crate::text::{Edit, Source, Span};

/// Writes each change out by itself.
pub(in crate::lang) fn write(source: &Source, language: Language, changes: &[Change<'_>]) -> Vec<Written> {
    let ending = source.path.rsplit_once('.').map_or("", |(_, ending)| ending);
    let other = matches!(ending, "fish" | "ps1" | "psm1" | "bat" | "cmd" | "nu");
    let mut parser = tree_sitter::Parser::new();
    let known = !other && parser.set_language(&tree_sitter_bash::LANGUAGE.into()).is_ok();
    let Some(tree) = known.then(|| parser.parse(&source.text, None)).flatten() else {
        return rewrite(source, Language::Other, changes);
    };
    changes.iter().map(|change| one(source, language, tree.root_node(), change)).collect()
}

fn one(source: &Source, language: Language, root: Node<'_>, change: &Change<'_>) -> Written {
    let at = change.at();
    if at.is_empty() || source.text.get(at.range()).is_none() {
        return Err(Refusal::because("the place is not in the text"));
    }
    match *change {
        Change::UseEnvironment { at, env, default, .. } => use_environment(source, root, at, env, default),
        Change::Retarget { at, path } => retarget(source, language, at, path, change),
        Change::RenameVariable { at, from, .. } => rename(source, language, at, from, change),
        _ => first(rewrite(source, language, std::slice::from_ref(change))),
    }
}

fn first(written: Vec<Written>) -> Written {
    written.into_iter().next().unwrap_or_else(|| Err(Refusal::because("nothing is written here")))
}

fn use_environment(source: &Source, root: Node<'_>, at: Span, env: &str, default: &str) -> Written {
    if in_heredoc(&source.text, at) {
        return Err(Refusal::because("the text is written out for another program"));
    }
    let quoted = surroundings(source, root, at)?;
    let raw = source.slice(at);
    if let Some((name, mark)) = falling_back(source, root, at) {
        return as_default(source, at, (name, mark), env, default);
    }
    // Inside double quotes single ones are letters of the text: those of SQL, or of another program.
    let letters = quoted && raw.len() > 1 && raw.starts_with('\'') && raw.ends_with('\'');
    if !default.chars().all(|letter| letter.is_alphanumeric() || "_./~+-@%=:,".contains(letter)) {
        return Err(Refusal::because(format!("`{default}` cannot be written here without other quotes")));
    }
    let inner = unquoted(raw)?;
    let text = match spell::braced(&inner) {
        Some(_) if inner.contains('=') && inner.split_once('=').is_some_and(|(head, _)| !head.contains('-')) => {
            return Err(Refusal::because(
                "the script gives the variable its default here, and may use it further down",
            ));
        }
        Some(_) => format!("${{{env}:-{default}}}"),
        None => {
            if inner.contains(['*', '?', '[']) && !inner.contains("://") {
                return Err(Refusal::because("it stands for several files"));
            }
            let same_name = inner.rsplit('/').next() == default.rsplit('/').next();
            if inner.contains('$') && same_name && !inner.contains("://") {
                // The folder is only known at run time: it stays what it falls back to.
                format!("${{{env}:-{inner}}}")
            } else if inner.contains('$') {
                let path = names::sqlite_url_path(&inner).unwrap_or(&inner);
                let Some(head) = inner.strip_suffix(path) else {
                    return Err(Refusal::because("a URL with options is put together here"));
                };
                format!("{head}${{{env}:-{default}}}")
            } else {
                let (range, text) = spell::respelled(&inner, default).map_err(Refusal::because)?;
                let slash = if text.starts_with("//") { "/" } else { "" };
                let text = text.strip_prefix(slash).unwrap_or(&text);
                let (head, tail) = (inner.get(..range.start).unwrap_or(""), inner.get(range.end..).unwrap_or(""));
                format!("{head}{slash}${{{env}:-{text}}}{tail}")
            }
        }
    };
    let text = match (quoted, letters) {
        (true, true) => format!("'{text}'"),
        (true, false) => text,
        (false, _) => format!("\"{text}\""),
    };
    Ok(if text == raw { Vec::new() } else { vec![Edit::replace(at, text)] })
}

/// The variable that falls back to the word at a place, and how: `${NAME:-word}`.
fn falling_back<'a>(source: &'a Source, root: Node<'_>, at: Span) -> Option<(Span, &'a str)> {
    let range = at.range();
    let mut node = root.descendant_for_byte_range(range.start, range.end);
    while let Some(here) = node {
        if here.kind() == "expansion" && here.start_byte() < range.start {
            let head = source.text.get(here.start_byte()..range.start)?;
            let name = head.strip_prefix("${")?;
            let length = name.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
            let start = here.start_byte() + 2;
            return Some((Span::new(start, start + length), name.get(length..)?));
        }
        node = here.parent();
    }
    None
}

/// The word is what another variable falls back to: that variable is read in its place.
fn as_default(source: &Source, at: Span, (name, mark): (Span, &str), env: &str, default: &str) -> Written {
    if !matches!(mark.trim_end_matches('"'), ":-" | "-") {
        return Err(Refusal::because("the script gives the variable its default here, and may use it further down"));
    }
    let inner = unquoted(source.slice(at))?;
    let (range, text) = spell::revalued(&inner, default).map_err(Refusal::because)?;
    let mut edits = Vec::new();
    if source.slice(name) != env {
        edits.push(Edit::replace(name, env));
    }
    if inner.get(range.clone()) != Some(text.as_str()) {
        let (head, tail) = (inner.get(..range.start).unwrap_or(""), inner.get(range.end..).unwrap_or(""));
        let quote = if source.slice(at).starts_with('"') { "\"" } else { "" };
        edits.push(Edit::replace(at, format!("{quote}{head}{text}{tail}{quote}")));
    }
    Ok(edits)
}

/// A word without the quotes in it: `"$DIR"/x.db` is `$DIR/x.db`.
fn unquoted(raw: &str) -> Result<String, Refusal> {
    let single = raw.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).filter(|inner| !inner.contains('\''));
    if let Some(inner) = single.filter(|inner| !inner.contains(['"', '$', '\\', '`'])) {
        return Ok(inner.to_owned());
    }
    if raw.contains(['\'', '\\', '`', '\n']) || raw.contains("$(") {
        return Err(Refusal::because("the word is put together in a way that cannot be kept"));
    }
    if raw.matches('"').count() % 2 == 1 {
        return Err(Refusal::because("the word ends inside quotes"));
    }
    Ok(raw.replace('"', ""))
}

/// Whether the place stands inside double quotes that go on around it.
fn surroundings(source: &Source, root: Node<'_>, at: Span) -> Result<bool, Refusal> {
    let range = at.range();
    let mut node = root.descendant_for_byte_range(range.start, range.end);
    let mut inside = None;
    while let Some(here) = node {
        let around = here.start_byte() < range.start || here.end_byte() > range.end;
        match here.kind() {
            "comment" => return Err(Refusal::because("it is a comment")),
            "heredoc_body" | "raw_string" | "ansi_c_string" if around && inside.is_none() => {
                return Err(Refusal::because("the text is written out for another program"));
            }
            "string" | "translated_string" if around && inside.is_none() => inside = Some(true),
            "command_substitution" | "process_substitution" if inside.is_none() => inside = Some(false),
            "command" if runs_elsewhere(source.text.get(here.byte_range()).unwrap_or("")) => {
                return Err(Refusal::because("the command runs elsewhere, where the variable may be another"));
            }
            _ => {}
        }
        node = here.parent();
    }
    Ok(inside == Some(true))
}

/// `ssh`, `docker exec`, `kubectl exec` and the like.
fn runs_elsewhere(command: &str) -> bool {
    let mut words = command.split_whitespace().skip_while(|word| matches!(*word, "sudo" | "exec" | "time"));
    let program = words.next().unwrap_or("");
    match program.rsplit('/').next().unwrap_or(program) {
        "ssh" | "scp" | "rsync" | "sshpass" | "kubectl" | "oc" | "fly" | "flyctl" | "su" | "vagrant" => true,
        "docker" | "podman" | "nerdctl" | "docker-compose" | "podman-compose" => {
            words.take(4).any(|word| matches!(word, "exec" | "run"))
        }
        _ => false,
    }
}

fn retarget(source: &Source, language: Language, at: Span, path: &str, change: &Change<'_>) -> Written {
    if source.text.get(at.range().end..).is_some_and(|after| after.starts_with(":/")) {
        return Err(Refusal::because(
            "it mounts or copies that one file: what it is needed for must be decided by a person",
        ));
    }
    let raw = source.slice(at);
    let whole = raw.len() > 1 && raw.starts_with('"') && raw.ends_with('"') && raw.matches('"').count() == 2;
    if whole || !raw.contains('"') || in_heredoc(&source.text, at) {
        return first(rewrite(source, language, std::slice::from_ref(change)));
    }
    // `"$DIR"/auth.db`: only what stands at the end of the word can change.
    let inner = unquoted(raw)?;
    let (range, text) = spell::respelled(&inner, path).map_err(Refusal::because)?;
    let tail = inner.get(range.clone()).unwrap_or("");
    if range.end != inner.len() || !raw.ends_with(tail) {
        return Err(Refusal::because("the word is put together in a way that cannot be kept"));
    }
    if tail == text {
        return Ok(Vec::new());
    }
    let end = at.range().end;
    Ok(vec![Edit::replace(Span::new(end - tail.len(), end), text)])
}

fn rename(source: &Source, language: Language, at: Span, from: &str, change: &Change<'_>) -> Written {
    let raw = source.slice(at);
    if raw.contains(":=") {
        return Err(Refusal::because("the script gives the variable its default here, and may use it further down"));
    }
    let read = |at: &usize| source.text.get(..*at).is_some_and(|before| before.ends_with(['$', '{']));
    if whole_words(raw, from).is_empty() && whole_words(&source.text, from).iter().any(read) {
        return Err(Refusal::because(format!("the script reads `{from}` itself")));
    }
    first(rewrite(source, language, std::slice::from_ref(change)))
}

#[cfg(test)]
mod tests {
    use crate::lang::Language::Shell;
    use crate::lang::write::testing::{environment, renamed, retargeted, sound};

    #[track_caller]
    fn reads(text: &str, becomes: &str) {
        assert_eq!(environment("run.sh", Shell, text), becomes);
    }

    #[test]
    fn words_are_read_from_the_environment() {
        for (text, becomes) in [
            ("sqlite3 ‹x.db› .dump  # x.db\n", "sqlite3 \"${DATABASE_PATH:-/app/data/zoe.db}\" .dump  # x.db\n"),
            ("sqlite3 ‹'x.db'› .dump\n", "sqlite3 \"${DATABASE_PATH:-/app/data/zoe.db}\" .dump\n"),
            ("sqlite3 ‹\"x.db\"›\r\n", "sqlite3 \"${DATABASE_PATH:-/app/data/zoe.db}\"\r\n"),
            ("export\tDB=‹/app/data/zoe.db›;  ls\n", "export\tDB=\"${DATABASE_PATH:-/app/data/zoe.db}\";  ls\n"),
            ("run --db=‹x.db›\n", "run --db=\"${DATABASE_PATH:-/app/data/zoe.db}\"\n"),
            ("run \"--db=‹x.db›\"\n", "run \"--db=${DATABASE_PATH:-/app/data/zoe.db}\"\n"),
            (
                "n=\"$(sqlite3 ‹x.db› 'SELECT 1')\"\n",
                "n=\"$(sqlite3 \"${DATABASE_PATH:-/app/data/zoe.db}\" 'SELECT 1')\"\n",
            ),
            ("DB=‹\"$DIR/zoe.db\"›\n", "DB=\"${DATABASE_PATH:-$DIR/zoe.db}\"\n"),
            ("DB=‹\"$DIR\"/zoe.db›\n", "DB=\"${DATABASE_PATH:-$DIR/zoe.db}\"\n"),
            ("DB=‹\"$DIR/auth.db\"›\n", "DB=\"${DATABASE_PATH:-/app/data/zoe.db}\"\n"),
            ("DB=\"${AUTH_DB:-‹x.db›}\"\n", "DB=\"${DATABASE_PATH:-/app/data/zoe.db}\"\n"),
            ("DB=${AUTH_DB-‹sqlite:///x.db›}\n", "DB=${DATABASE_PATH-sqlite:////app/data/zoe.db}\n"),
            ("python3 -c \"connect(‹'x.db'›)\"\n", "python3 -c \"connect('${DATABASE_PATH:-/app/data/zoe.db}')\"\n"),
            ("DB=‹${ZOE_DB:-x.db}›\n", "DB=\"${DATABASE_PATH:-/app/data/zoe.db}\"\n"),
            ("DB=\"‹${ZOE_DB}›\"\n", "DB=\"${DATABASE_PATH:-/app/data/zoe.db}\"\n"),
            ("U=‹sqlite:///x.db›\n", "U=\"sqlite:///${DATABASE_PATH:-/app/data/zoe.db}\"\n"),
            ("U=‹'sqlite:/x.db'›\n", "U=\"sqlite:${DATABASE_PATH:-/app/data/zoe.db}\"\n"),
            ("U=‹\"sqlite:$D/x.db\"›\n", "U=\"sqlite:${DATABASE_PATH:-/app/data/zoe.db}\"\n"),
            (
                "U=‹\"sqlite+aiosqlite:////x.db?mode=ro\"›\n",
                "U=\"sqlite+aiosqlite:///${DATABASE_PATH:-/app/data/zoe.db}?mode=ro\"\n",
            ),
            (
                "for db in a ‹x.db› b; do\n  :\ndone\n",
                "for db in a \"${DATABASE_PATH:-/app/data/zoe.db}\" b; do\n  :\ndone\n",
            ),
            (
                "sqlite3 main.db \"ATTACH '‹x.db›' AS a\"\n",
                "sqlite3 main.db \"ATTACH '${DATABASE_PATH:-/app/data/zoe.db}' AS a\"\n",
            ),
        ] {
            reads(text, becomes);
        }
    }

    #[test]
    fn what_another_program_reads_is_left_alone() {
        let other = "refused: the text is written out for another program";
        let elsewhere = "refused: the command runs elsewhere, where the variable may be another";
        for (text, refused) in [
            ("cat > .env <<EOF\nDB=‹x.db›\nEOF\n", other),
            ("bash -c 'sqlite3 ‹x.db›'\n", other),
            ("ssh host \"sqlite3 ‹/srv/x.db›\"\n", elsewhere),
            ("docker exec -it c sqlite3 ‹/app/x.db›\n", elsewhere),
            (
                ": \"‹${ZOE_DB:=x.db}›\"\n",
                "refused: the script gives the variable its default here, and may use it further down",
            ),
            ("# ‹x.db›\n", "refused: it is a comment"),
            ("ls ‹data/x.db*›\n", "refused: it stands for several files"),
        ] {
            reads(text, refused);
        }
    }

    #[test]
    fn paths_are_spelled_anew() {
        for (text, becomes) in [
            ("sqlite3 ‹auth.db› .dump\n", "sqlite3 /app/data/zoe.db .dump\n"),
            ("DB=‹\"$DIR\"/auth.db› # auth.db\n", "DB=\"$DIR\"/zoe.db # auth.db\n"),
            ("DB=‹\"${X:-auth.db}\"›\n", "DB=\"${X:-/app/data/zoe.db}\"\n"),
            (
                "docker run -v ‹$PWD/auth.db›:/app/auth.db img\n",
                "refused: it mounts or copies that one file: what it is needed for must be decided by a person",
            ),
            ("cat <<EOF\n‹auth.db›\nEOF\n", "refused: the text is written out for another program"),
        ] {
            assert_eq!(retargeted("run.sh", Shell, text), becomes);
        }
    }

    #[test]
    fn variables_are_renamed() {
        for (text, becomes) in [
            ("sqlite3 \"‹${ZOE_DB_PATH:-x.db}›\"\n", "sqlite3 \"${DATABASE_PATH:-x.db}\"\n"),
            ("sqlite3 ‹$ZOE_DB_PATH›\n", "sqlite3 $DATABASE_PATH\n"),
            ("export ZOE_DB_PATH=‹x.db›\n", "export DATABASE_PATH=x.db\n"),
            ("export ZOE_DB_PATH=‹x.db›\nls $ZOE_DB_PATH\n", "refused: the script reads `ZOE_DB_PATH` itself"),
        ] {
            assert_eq!(renamed("run.sh", Shell, text, "ZOE_DB_PATH"), becomes);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_at_any_place(text in crate::lang::config::testing::odd_text(), from in 0..120_usize, length in 0..40_usize) {
            sound("run.sh", Shell, &text, from, length);
        }
    }
}
