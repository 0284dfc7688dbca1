//! Whether the file at a place is deleted, moved, emptied, copied over or made read-only: such a place must not come to name another database.
//! Knows the calls of the field, and reads text without a grammar: a doubt is enough.

use std::sync::LazyLock;

use regex::Regex;

use crate::text::{Source, Span};

/// What deletes, moves or empties the file it is given: calls of Python, JavaScript and others, and commands.
const DESTROYERS: &str = r"(?:os\.)?(?:remove|unlink|rename|replace)|shutil\.(?:move|rmtree)|(?:fs(?:\.promises)?\.)?(?:unlink|rm|rename|truncate)(?:Sync)?|rimraf|File\.delete|FileUtils\.(?:rm|rm_f|mv)|os\.Remove|os\.Rename|fs::remove_file|fs::rename";

/// The call or command is still open at the end of the text.
static OPEN_CALL: LazyLock<Regex> =
    LazyLock::new(|| regex(&format!(r"(?:^|[^\w.])({DESTROYERS})\(\s*(?:str\(|Path\()?[^()]*$")));
static COMMAND: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"(?:^|[\s;&|($`\x22'])(rm|mv|unlink|shred|truncate|git rm)\s[^;&|)]*$|(?:^|[^<>&\d-])(>)\s*[\x22']?$")
});
/// `curl -o x.db URL`
static FETCHED_TO: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"(?:^|[\s;&|($`\x22'])(curl|wget)(?:\s[^;&|)]*?)?\s(?:-[a-zA-Z]*[oO]|--output(?:-document)?)[\s=][\x22']?$")
});
/// `wget https://host/x.db`, `curl -LO https://host/x.db`: the file gets the name that the address ends with.
static FETCHED: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"(?:^|[\s;&|($`\x22'])(wget|curl\s[^\n;&|]*-[a-zA-Z]*O)\s[^\n;&|]*/([\w.-]+)(?:[\s\x22';&|)]|$)")
});
/// What is copied to, behind what is copied from.
static COPIED_TO: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?:^|[\s;&|($`\x22'])(cp|rsync|scp|install)(?:\s+-\S+)*\s+[^-\s;&|][^;&|)]*\s[\x22']?$|(?:^|[^\w.])(shutil\.copy\w*|(?:fs(?:\.promises)?\.)?(?:copyFile|cp)(?:Sync)?|fs::copy)\([^()]*,\s*$",
    )
});
/// Nothing writes to it any more: `chmod 444`, behind which the file stands.
static READ_ONLY: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?:^|[\s;&|($`])(chmod)\s+(?:-\S+\s+)*(?:0?[45][045]{2}|[ugoa]*-w)\s[^;&|)]*$"));
/// `os.chmod(path, 0o444)`: the call is open before the file, the mode comes behind it.
static OPEN_CHMOD: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"(?:^|[^\w])((?:os\.|fs\.(?:promises\.)?)?chmod(?:Sync)?)\(\s*(?:str\()?[\w.]*$|()\.chmod\($")
});
static READ_ONLY_MODE: LazyLock<Regex> = LazyLock::new(|| regex(r"^[\x22')\s]*(?:,\s*|\.chmod\(\s*)0o?[45][045]{2}\b"));
/// A connection to what stands behind, and its name.
static CONNECTED: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(\w+)\s*=\s*(?:await\s+)?[\w.]*connect\(\s*(?:str\()?[\w.]*$"));
static CONNECTED_AS: LazyLock<Regex> = LazyLock::new(|| regex(r"^[^\n]*\)\s*as\s+(\w+)"));
/// Some file is, wherever it comes from.
static ANYWHERE: LazyLock<Regex> =
    LazyLock::new(|| regex(&format!(r"(?:^|[^\w.])(?:{DESTROYERS})\(|\.(?:unlink|rmtree)\(")));
static BOUND: LazyLock<Regex> = LazyLock::new(|| regex(r"([A-Za-z_][\w.]*)\s*(?::[^=,()]+)?=\s*(?:[^=\s][^=]*)?$"));

#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by a test")]
fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap()
}

/// Whether the text deletes, moves or empties files at all.
#[must_use]
pub fn destroys_files(text: &str) -> bool {
    ANYWHERE.is_match(text)
}

/// What destroys the file named at a place, directly or through the name that is bound there.
pub(super) fn destroyer(source: &Source, at: Span) -> Option<String> {
    let text = source.text.as_str();
    let before = text.get(..at.range().start)?;
    let line = before.rsplit('\n').next().unwrap_or(before);
    for pattern in [&*OPEN_CALL, &*COMMAND, &*COPIED_TO, &*FETCHED_TO] {
        if let Some(found) = pattern.captures(line) {
            return found.iter().skip(1).flatten().next().map(|word| word.as_str().to_owned());
        }
    }
    if text.contains("wget ") || text.contains("curl ") {
        let own = source.slice(at).trim_matches(['"', '\'']).rsplit('/').next();
        let mut fetched = FETCHED.captures_iter(text).filter_map(|found| Some((found.get(1)?, found.get(2)?)));
        if let Some((by, _)) = fetched.find(|(_, name)| Some(name.as_str()) == own) {
            return by.as_str().split_whitespace().next().map(str::to_owned);
        }
    }
    let after = text.get(at.range().end..)?;
    if let Some(by) = spoiler(text, line, after) {
        return Some(by);
    }
    if after.trim_start_matches([')', '"', '\'']).starts_with(".unlink(") {
        return Some("unlink".to_owned());
    }
    let name = BOUND.captures(line)?.get(1)?.as_str();
    let last = name.rsplit('.').next().unwrap_or(name);
    for (found, _) in text.match_indices(last) {
        let (head, tail) = (text.get(..found)?, text.get(found + last.len()..)?);
        let part = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
        if part(head.chars().next_back()) || part(tail.chars().next()) {
            continue;
        }
        if tail.starts_with(".unlink(") {
            return Some(format!("{last}.unlink"));
        }
        let line = head.rsplit('\n').next().unwrap_or(head);
        if let Some(by) = spoiler(text, line, tail) {
            return Some(by);
        }
        for pattern in [&*OPEN_CALL, &*COMMAND] {
            // A shell's variable is read with a dollar sign; a word alone is a file of that name.
            let read = pattern.as_str() == OPEN_CALL.as_str() || line.ends_with(['$', '{']);
            if let Some(found) = pattern.captures(line).filter(|_| read) {
                return found.iter().skip(1).flatten().next().map(|word| word.as_str().to_owned());
            }
        }
    }
    None
}

/// What makes the file between `line` and `after` read-only, or fills it with another database (`source.backup(copy)`).
fn spoiler(text: &str, line: &str, after: &str) -> Option<String> {
    let read_only = READ_ONLY.is_match(line)
        || READ_ONLY_MODE.is_match(after) && (OPEN_CHMOD.is_match(line) || after.contains(".chmod("));
    if read_only {
        return Some("chmod".to_owned());
    }
    let connected = match CONNECTED.captures(line) {
        Some(found) => found.get(1)?.as_str(),
        None if line.contains("connect(") => CONNECTED_AS.captures(after)?.get(1)?.as_str(),
        None => return None,
    };
    let mut filled = text.split(".backup(").skip(1).filter_map(|given| given.trim_start().strip_prefix(connected));
    filled.any(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')).then(|| "backup".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(marked: &str) -> Option<String> {
        let (before, rest) = marked.split_once('‹').unwrap();
        let (place, after) = rest.split_once('›').unwrap();
        let source = Source::new("a", format!("{before}{place}{after}").into_bytes());
        destroyer(&source, Span::new(before.len(), before.len() + place.len()))
    }

    #[test]
    fn texts_that_delete_files() {
        for text in
            ["for name in NAMES:\n    os.remove(name)", "shutil.rmtree(x)", "(root / name).unlink()", "unlink(p)"]
        {
            assert!(destroys_files(text), "{text}");
        }
        for text in ["names.remove(x)", "x.replace('a', 'b')", "remove = 1", "print('unlink')"] {
            assert!(!destroys_files(text), "{text}");
        }
    }

    #[test]
    fn files_that_are_deleted_moved_or_emptied() {
        for (text, by) in [
            ("os.remove(‹\"a.db\"›)", Some("os.remove")),
            ("    unlink(os.path.join(d, ‹'a.db'›))", None),
            ("fs.unlinkSync(‹'a.db'›)", Some("fs.unlinkSync")),
            ("Path(‹'a.db'›).unlink()", Some("unlink")),
            ("DB = ‹'a.db'›\nos.remove(DB)\n", Some("os.remove")),
            ("self.db: str = ‹'a.db'›\nos.remove(self.db)\n", Some("os.remove")),
            ("DB = Path(d) / ‹'a.db'›\nif DB.exists():\n    DB.unlink()\n", Some("DB.unlink")),
            ("rm -f ‹a.db›", Some("rm")),
            ("cd x && mv ‹a.db› b", Some("mv")),
            (": > ‹a.db›", Some(">")),
            ("DB=‹a.db›\nrm -f \"$DB\"", Some("rm")),
            ("DB=‹a.db›\nrm -f \"${DB}\"-wal", Some("rm")),
            ("cp -a backup.db ‹a.db›", Some("cp")),
            ("cp -a ‹a.db› backup.db", None),
            ("shutil.copy2(old, ‹'a.db'›)", Some("shutil.copy2")),
            ("shutil.copy2(‹'a.db'›, old)", None),
            ("chmod 444 ‹a.db›", Some("chmod")),
            ("chmod -R a-w \"$D/‹a.db›\"", Some("chmod")),
            ("chmod 600 ‹a.db›", None),
            ("os.chmod(‹'a.db'›, 0o444)", Some("chmod")),
            ("DB = d / ‹'a.db'›\nos.chmod(str(DB), 0o444)\n", Some("chmod")),
            ("DB = ‹'a.db'›\nDB.chmod(0o400)\n", Some("chmod")),
            ("DB = ‹'a.db'›\nos.chmod(DB, 0o600)\n", None),
            ("dst = sqlite3.connect(‹'a.db'›)\nsrc.backup(dst)\n", Some("backup")),
            ("COPY = ‹'a.db'›\ndst = sqlite3.connect(str(COPY))\nsrc.backup(dst)\n", Some("backup")),
            ("COPY = ‹'a.db'›\nwith sqlite3.connect(COPY) as dst:\n    src.backup(dst, pages=5)\n", Some("backup")),
            ("DB = ‹'a.db'›\nsrc = sqlite3.connect(DB)\nsrc.backup(dst)\n", None),
            ("curl -fsSL -o ‹a.db› https://host/x", Some("curl")),
            ("wget -O ‹a.db› https://host/x", Some("wget")),
            ("wget https://host/a.db\nsqlite3 ‹a.db› .dump", Some("wget")),
            ("curl -fsSLO https://host/data/a.db && sqlite3 ‹data/a.db› .dump", Some("curl")),
            ("curl https://host/a.db | wc -c\nsqlite3 ‹a.db› .dump", None),
            ("wget https://host/b.db\nsqlite3 ‹a.db› .dump", None),
            ("sqlite3 ‹a.db› .dump", None),
            ("DB = ‹'a.db'›\nos.remove(OTHER)\n", None),
            ("rm -f b; sqlite3 ‹a.db›", None),
            ("x = name.replace('a', ‹'a.db'›)", None),
            ("run 2>&1 ‹a.db›", None),
        ] {
            assert_eq!(at(text).as_deref(), by, "{text}");
        }
    }
}
