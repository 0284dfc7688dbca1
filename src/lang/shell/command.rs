//! What a command does with the databases among its words.

use tree_sitter::Node;

use super::input::{Input, is_flag};
use super::unwrap::{Inner, command_name, flags, literal, unwrap};
use super::word::Word;
use super::{Confidence, Reader, Role};
use crate::lang::{Engine, Language, names};

/// Wrappers in wrappers; nobody writes more.
const MOST_WRAPPERS: usize = 8;

/// Variables in one command that stand for several words.
const MOST_SPELLED: usize = 4;

/// Commands whose words are looked at and not taken for paths.
const SPEAKERS: [&str; 26] = [
    "echo", "printf", "print", "log", "info", "warn", "error", "die", "fail", "success", "debug", "grep", "egrep",
    "rg", "sed", "awk", "perl", "logger", "git", "gh", "say", "usage", "note", "step", "header", "ok",
];

/// Flags of sqlite3 that take a value.
const SQLITE_FLAGS: [&str; 14] = [
    "-cmd",
    "-init",
    "-separator",
    "-newline",
    "-nullvalue",
    "-vfs",
    "-maxsize",
    "-mmap",
    "-heap",
    "-key",
    "-hexkey",
    "-textkey",
    "-escape",
    "-zip",
];

impl Reader<'_> {
    pub(super) fn command(&mut self, node: Node<'_>) {
        let mut cursor = node.walk();
        for redirect in node.children_by_field_name("redirect", &mut cursor) {
            if redirect.kind() == "herestring_redirect" {
                self.herestring(redirect, Some(node));
            }
        }
        let words = self.words(node);
        let input = self.inputs.remove(&node.id()).unwrap_or_default();
        self.run(&self.spelled_out(words), &input);
    }

    /// The words with what variables hold that stand for a command or for flags.
    fn spelled_out(&self, mut words: Vec<Word>) -> Vec<Word> {
        for _ in 0..MOST_SPELLED {
            let held = words.iter().enumerate().find_map(|(at, word)| {
                let variable = word.variable()?;
                let own = self.source.text.get(variable.span.clone()).unwrap_or("");
                let bare = variable.span == word.span || own.ends_with("[@]}");
                // In quotes it stays one word.
                let held = self.scope.command(variable).filter(|held| bare || at == 0 && held.len() == 1)?;
                (at == 0 || held.first().is_some_and(is_flag)).then_some((at, held))
            });
            let Some((at, held)) = held else { return words };
            words.splice(at..=at, held);
        }
        words
    }

    fn run(&mut self, words: &[Word], input: &Input) {
        let mut words = words;
        for _ in 0..MOST_WRAPPERS {
            self.wrapper(words);
            match unwrap(words) {
                Some(Inner::Words(inner)) => words = inner,
                Some(Inner::Line(line)) => {
                    let embedded = self.embed(line, false);
                    self.program(&embedded, Language::Shell, false);
                    return self.leftover(input);
                }
                Some(Inner::Joined(inner)) => {
                    words = inner;
                }
                None => break,
            }
        }
        // An image's own entry point gets its flags from `docker run`.
        if words.first().is_some_and(is_flag) {
            return self.arguments("command", words, input);
        }
        let Some(name) = command_name(words) else {
            return self.arguments("command", words.get(1..).unwrap_or_default(), input);
        };
        let arguments = words.get(1..).unwrap_or_default();
        match name.as_str() {
            "sqlite3" | "sqlite" | "sqlcipher" | "litecli" => self.sqlite(arguments, input),
            "psql" | "mysql" | "mariadb" | "pg_dump" => self.server(&name, arguments, input),
            _ if name.starts_with("python") || name.starts_with("pypy") => {
                self.interpreter(&name, Language::Python, arguments, input);
            }
            "node" | "bun" | "deno" => self.interpreter(&name, Language::Javascript, arguments, input),
            "docker" | "podman" | "docker-compose" if copies_out(arguments) => self.transfer("docker cp", arguments),
            "sh" | "bash" | "zsh" | "dash" | "ash" | "ssh" | "docker" | "kubectl" | "su" | "sudo" => {
                for word in &input.words {
                    let embedded = self.embed(word, false);
                    self.program(&embedded, Language::Shell, false);
                }
                self.arguments(&name, arguments, &Input::default());
            }
            "cp" | "mv" | "rsync" | "scp" | "install" => self.transfer(&name, arguments),
            "cmd" | "cmd.exe" | "powershell" | "pwsh" => self.windows(&name, arguments),
            "find" | "fd" => self.find(&name, arguments),
            "printf" => self.printf(arguments),
            "export" | "readonly" | "declare" | "local" | ":" => self.arguments("default", arguments, input),
            "[" | "test" => self.test_words(arguments),
            _ => self.arguments(&name, arguments, input),
        }
    }

    fn leftover(&mut self, input: &Input) {
        for word in &input.words {
            self.spoken(word);
        }
    }

    /// `sqlite3 [flags] FILE [SQL ..]`.
    fn sqlite(&mut self, arguments: &[Word], input: &Input) {
        let mut at = 0;
        let mut scripts = Vec::new();
        let mut database: Option<&Word> = None;
        while let Some(word) = arguments.get(at) {
            let flag = word.literal().unwrap_or_default();
            if is_flag(word) {
                let flag = flag.replacen("--", "-", 1);
                if flag == "-cmd" {
                    scripts.extend(arguments.get(at + 1));
                }
                at += match flag.as_str() {
                    "-lookaside" | "-pagecache" => 3,
                    flag if SQLITE_FLAGS.contains(&flag) => 2,
                    _ => 1,
                };
                continue;
            }
            if database.is_none() {
                database = Some(word);
            } else {
                scripts.push(word);
            }
            at += 1;
        }
        let connection = database.map(|word| self.scope.values(word)).unwrap_or_default();
        if let Some(word) = database {
            let known = connection.iter().any(|value| !value.is_opaque());
            let confidence = if known { Confidence::High } else { Confidence::Medium };
            self.refer(word.span.clone(), Role::Opens, connection.clone(), "sqlite3 command", None, confidence);
        }
        for word in scripts.into_iter().chain(&input.words) {
            let embedded = self.embed(word, true);
            self.sql(&embedded, connection.clone());
        }
    }

    /// Clients of a server: a URL among their words is opened.
    fn server(&mut self, name: &str, arguments: &[Word], input: &Input) {
        for word in arguments {
            let word =
                if is_flag(word) { word.after_equals().map_or(word.clone(), |(_, tail)| tail) } else { word.clone() };
            let probe = word.probe();
            if matches!(names::url_engine(&probe), Some(Engine::Postgresql | Engine::Mysql)) {
                let values = self.scope.values(&word);
                self.refer(word.span.clone(), Role::Opens, values, &format!("{name} command"), None, Confidence::High);
            }
        }
        let commands = arguments.windows(2).filter(|pair| matches!(literal(pair, 0).as_str(), "-c" | "-e"));
        for word in commands.filter_map(|pair| pair.get(1)).chain(&input.words) {
            let embedded = self.embed(word, true);
            self.sql(&embedded, Vec::new());
        }
    }

    /// `python -c ".."`, `python - <<EOF`, `node -e ".."`.
    fn interpreter(&mut self, name: &str, language: Language, arguments: &[Word], input: &Input) {
        let valued = ["-W", "-X", "-m"];
        let at =
            arguments.iter().position(|word| matches!(word.literal().as_deref(), Some("-c" | "-e" | "--eval" | "-p")));
        let script = flags(arguments, &valued);
        let flag = at.filter(|&at| at <= script);
        if let Some(code) = flag.and_then(|at| arguments.get(at + 1)) {
            let embedded = self.embed(code, false);
            self.program(&embedded, language, false);
            return self.arguments(name, arguments.get(flag.unwrap_or(0) + 2..).unwrap_or_default(), &Input::default());
        }
        for word in &input.words {
            let embedded = self.embed(word, false);
            self.program(&embedded, language, false);
        }
        self.arguments(name, arguments, &Input::default());
    }

    /// Any command: a database among its arguments, as a whole word, is bound; in longer text it is spoken of.
    pub(super) fn arguments(&mut self, name: &str, arguments: &[Word], input: &Input) {
        // No program is called in words of a language: `run:` may well say what a thing does.
        let speaks = SPEAKERS.contains(&name)
            || !name.is_ascii()
            || ["log", "print", "echo", "warn", "info", "error"].iter().any(|word| {
                name.strip_prefix(word).or_else(|| name.strip_suffix(word)).is_some_and(|rest| rest.contains('_'))
            });
        for word in arguments {
            if speaks {
                self.spoken(word);
                continue;
            }
            self.argument(name, word);
        }
        self.leftover(input);
    }

    /// A shell in which a backslash separates folders: the words count as they are written.
    fn windows(&mut self, name: &str, arguments: &[Word]) {
        for word in arguments {
            let written = self.source.text.get(word.span.clone()).unwrap_or("").trim_matches(['"', '\'']);
            if names::is_database_path(written) {
                let values = vec![super::literals::value(written)];
                self.refer(word.span.clone(), Role::Binds, values, name, None, Confidence::Medium);
            } else {
                self.spoken(word);
            }
        }
    }

    pub(super) fn argument(&mut self, name: &str, word: &Word) {
        let named = word
            .after_equals()
            .filter(|(key, _)| !key.is_empty() && !key.contains([' ', '\n', '/']) && !names::is_database_path(key));
        if let Some((key, value)) = named {
            let flag = key.trim_start_matches('-');
            if is_name(&key) {
                self.set(&key, &value, true, name);
            } else if !self.names_database(&value, name, Some(flag)) {
                self.spoken(word);
            }
            return;
        }
        if !self.names_database(word, name, None) {
            self.spoken(word);
        }
    }

    /// `printf "sqlite:////%s/x.db" "$DIR"` makes a path; anything longer is a message.
    fn printf(&mut self, arguments: &[Word]) {
        let at = flags(arguments, &["-v"]);
        for (index, word) in arguments.iter().enumerate().skip(at) {
            let literal = word.literal().unwrap_or_default();
            let path = literal.trim_end_matches("\\n").replace("%s", "x").replace("%d", "0");
            let whole = index == at && literal.contains('%') && names::is_database_path(&path);
            if !whole {
                self.spoken(word);
                continue;
            }
            let mut value = crate::lang::Value::default();
            let mut values = arguments.iter().skip(index + 1);
            for (part, text) in literal.trim_end_matches("\\n").split("%s").enumerate() {
                if part > 0 {
                    let filled = values.next().and_then(|word| self.scope.values(word).into_iter().next());
                    value.parts.extend(
                        filled.map_or_else(|| vec![crate::lang::Part::Unknown("%s".into())], |filled| filled.parts),
                    );
                }
                if !text.is_empty() {
                    value.parts.push(crate::lang::Part::Text(text.to_owned()));
                }
            }
            self.refer(word.span.clone(), Role::Binds, vec![value], "printf", None, Confidence::Medium);
        }
    }

    fn test_words(&mut self, arguments: &[Word]) {
        for (index, word) in arguments.iter().enumerate() {
            let compared = [index.wrapping_sub(1), index + 1]
                .into_iter()
                .any(|at| matches!(literal(arguments, at).as_str(), "=" | "==" | "!="));
            if compared || !self.names_database(word, "test", None) {
                self.mentions(word.span.clone(), "test");
            }
        }
    }
}

/// `docker cp c:/x.db .`, `docker compose cp ..`.
fn copies_out(arguments: &[Word]) -> bool {
    let verb = flags(arguments, &["-f", "-p"]);
    literal(arguments, verb) == "cp" || literal(arguments, verb) == "compose" && literal(arguments, verb + 1) == "cp"
}

fn is_name(key: &str) -> bool {
    key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !key.starts_with(|c: char| c.is_ascii_digit())
}
