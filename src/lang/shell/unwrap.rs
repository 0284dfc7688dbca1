//! Commands that run commands: `sudo`, `env`, `docker exec`, `ssh`, `sh -c`, `timeout`. Knows nothing of databases.

use super::input::is_flag;
use super::word::{Piece, Word};

/// The command that runs in the end.
pub(super) enum Inner<'a> {
    /// Its own words.
    Words(&'a [Word]),
    /// A command line in one word, for a shell to read.
    Line(&'a Word),
    /// Words that a remote shell joins.
    Joined(&'a [Word]),
}

/// The words behind one wrapper; `None` when the command is its own.
pub(super) fn unwrap<'a>(words: &'a [Word]) -> Option<Inner<'a>> {
    let name = command_name(words)?;
    let rest = words.get(1..)?;
    let at = |index: usize| rest.get(index..).filter(|inner| !inner.is_empty()).map(Inner::Words);
    match name.as_str() {
        "sudo" | "doas" => at(flags(rest, &["-u", "-g", "-h", "-p", "-C", "--user", "--group"])),
        "env" => {
            let mut index = flags(rest, &["-u", "-C"]);
            while rest.get(index).is_some_and(|word| word.after_equals().is_some()) {
                index += 1;
            }
            at(index)
        }
        "command"
            if rest.first().is_some_and(|word| word.lead().starts_with("-v") || word.lead().starts_with("-V")) =>
        {
            None
        }
        "exec" | "nohup" | "time" | "command" | "builtin" | "setsid" | "then" | "do" | "else" | "!" | "tini" => {
            at(flags(rest, &["-a"]))
        }
        "nice" | "ionice" | "stdbuf" | "chronic" | "unbuffer" | "flock" | "xargs" => {
            let skip = usize::from(name == "flock");
            at(flags(rest, &["-n", "-c", "-I", "-P", "-L", "-d", "-o", "-e", "-w"]) + skip)
        }
        "timeout" | "gosu" | "su-exec" | "chroot" => at(flags(rest, &["-s", "-k", "--signal", "--kill-after"]) + 1),
        "uv" | "poetry" | "pipenv" | "pdm" | "hatch" | "bundle"
            if literal(rest, 0) == "run" || literal(rest, 0) == "exec" =>
        {
            at(1 + flags(rest.get(1..)?, &["--with", "--python", "--project"]))
        }
        "sh" | "bash" | "zsh" | "dash" | "ash" | "su" => {
            let flag = rest.iter().position(|word| {
                let flag = word.lead();
                flag.starts_with('-') && !flag.starts_with("--") && flag.ends_with('c') && flag.len() <= 6
            })?;
            rest.get(flag + 1).map(Inner::Line)
        }
        "eval" => line_or_joined(rest),
        "ssh" => {
            let valued = ["-i", "-p", "-o", "-l", "-F", "-J", "-L", "-R", "-D", "-b", "-c", "-E", "-S", "-W"];
            let host = flags(rest, &valued);
            line_or_joined(rest.get(host + 1..)?)
        }
        "docker" | "podman" | "nerdctl" | "kubectl" | "docker-compose" | "oc" | "lxc" | "fly" => {
            container(&name, rest).and_then(at)
        }
        // A program that has SQLite's shell built in, or runs it: `pihole-FTL sqlite3 x.db`.
        _ if !LOOKS_FOR_PROGRAMS.contains(&name.as_str()) => {
            let index = flags(rest, &[]);
            (literal(rest, index) == "sqlite3" && rest.len() > index + 1).then(|| at(index)).flatten()
        }
        _ => None,
    }
}

/// Commands whose arguments are names of programs and packages.
const LOOKS_FOR_PROGRAMS: [&str; 18] = [
    "which", "type", "hash", "man", "apt", "apt-get", "apk", "yum", "dnf", "brew", "pacman", "zypper", "pip", "pip3",
    "choco", "echo", "printf", "import",
];

fn line_or_joined(rest: &[Word]) -> Option<Inner<'_>> {
    match rest {
        [] => None,
        [line] => Some(Inner::Line(line)),
        words => Some(Inner::Joined(words)),
    }
}

/// Where the command starts that is run in a container.
fn container(name: &str, rest: &[Word]) -> Option<usize> {
    let mut at = flags(rest, &["-f", "-p", "--file", "--project-name", "-H", "--context", "-n", "--namespace"]);
    if literal(rest, at) == "compose" {
        at += 1;
        at += flags(rest.get(at..)?, &["-f", "-p", "--file", "--project-name", "--env-file", "--profile"]);
    }
    let verb = literal(rest, at);
    if !matches!(verb.as_str(), "exec" | "run") {
        return None;
    }
    at += 1;
    at += flags(rest.get(at..)?, &CONTAINER_FLAGS);
    // The container or the image.
    at += 1;
    if matches!(name, "kubectl" | "oc" | "lxc") {
        at += flags(rest.get(at..)?, &["-c", "-n", "--container", "--namespace"]);
        if let Some(dashes) = rest.iter().position(|word| word.literal().as_deref() == Some("--")) {
            at = dashes + 1;
        }
    }
    Some(at)
}

/// Flags of `docker run` and `docker exec` that are followed by a value.
pub(super) const CONTAINER_FLAGS: [&str; 26] = [
    "-e",
    "--env",
    "-v",
    "--volume",
    "-u",
    "--user",
    "-w",
    "--workdir",
    "-p",
    "--publish",
    "--name",
    "--network",
    "--net",
    "--env-file",
    "--mount",
    "--entrypoint",
    "-h",
    "--hostname",
    "--restart",
    "--memory",
    "-m",
    "-l",
    "--label",
    "--platform",
    "-c",
    "-n",
];

/// The number of words that are flags, with their values.
pub(super) fn flags(words: &[Word], valued: &[&str]) -> usize {
    let mut at = 0;
    while let Some(word) = words.get(at).filter(|word| is_flag(word)) {
        let literal = word.literal().unwrap_or_default();
        if literal == "--" {
            return at + 1;
        }
        at += if valued.contains(&literal.as_str()) { 2 } else { 1 };
    }
    at.min(words.len())
}

pub(super) fn literal(words: &[Word], at: usize) -> String {
    words.get(at).and_then(Word::literal).unwrap_or_default()
}

/// The command's name without its folder.
pub(super) fn command_name(words: &[Word]) -> Option<String> {
    let name = called(words.first()?)?;
    Some(name.trim_end_matches(".exe").to_owned())
}

/// What a word calls: `"$VENV/bin/python3"` and `${PYTHON:-python3}` call one program wherever it lies, `$PYTHON_BIN` says so itself.
fn called(word: &Word) -> Option<String> {
    let last = |text: &str| text.rsplit(['/', '\\']).next().unwrap_or(text).to_owned();
    if let Some(literal) = word.literal() {
        return Some(last(&literal));
    }
    if let Some(variable) = word.variable() {
        let name = variable.name.to_ascii_lowercase();
        let stem = name.strip_suffix("_bin").or_else(|| name.strip_suffix("_exe")).unwrap_or(&name);
        return match &variable.default {
            Some(default) => called(default),
            None if matches!(stem, "py" | "python" | "python3") || stem.ends_with("_python") => {
                Some("python".to_owned())
            }
            None => None,
        };
    }
    match word.pieces.last() {
        Some(Piece::Text { text, .. }) if text.contains('/') => Some(last(text)).filter(|name| !name.is_empty()),
        _ => None,
    }
}
