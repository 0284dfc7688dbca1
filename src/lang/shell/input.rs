//! What is fed to a command (a heredoc, a here-string, an echo before the pipe), and files that a script writes out.

use std::ops::Range;

use tree_sitter::Node;

use super::build;
use super::word::Word;
use super::{Confidence, Reader, Role};
use crate::lang::Language;

/// Text on a command's standard input, a word for each piece of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Input {
    pub(super) words: Vec<Word>,
}

impl Reader<'_> {
    /// `echo "SELECT .." | sqlite3 x.db`, and `cat <<EOF | ..`, whose heredoc was found before.
    pub(super) fn pipeline(&mut self, node: Node<'_>) {
        let mut cursor = node.walk();
        let commands: Vec<Node<'_>> = node.named_children(&mut cursor).collect();
        for pair in commands.windows(2) {
            let [left, right] = pair else { continue };
            let Some(target) = first_command(*right) else { continue };
            let left = if left.kind() == "redirected_statement" {
                left.child_by_field_name("body").unwrap_or(*left)
            } else {
                *left
            };
            if left.kind() != "command" {
                continue;
            }
            let words = self.words(left);
            let name = words.first().and_then(Word::literal).unwrap_or_default();
            if matches!(name.as_str(), "echo" | "printf") {
                let escapes = name == "printf" || words.get(1).is_some_and(|word| word.lead().starts_with("-e"));
                let spoken = words.into_iter().skip(1).filter(|word| !is_flag(word));
                let words = spoken.map(|word| if escapes { word.with_escapes() } else { word }).collect();
                self.inputs.entry(target.id()).or_insert(Input { words });
            }
        }
    }

    /// Heredocs and redirections of a command.
    pub(super) fn redirected(&mut self, node: Node<'_>) {
        let body = node.child_by_field_name("body");
        let command = body.and_then(last_command);
        let mut cursor = node.walk();
        let redirects: Vec<Node<'_>> = node.children_by_field_name("redirect", &mut cursor).collect();
        let mut written = None;
        for redirect in &redirects {
            match redirect.kind() {
                "file_redirect" => written = self.destination(*redirect).or(written),
                "heredoc_redirect" => {
                    let mut cursor = redirect.walk();
                    for inner in redirect.children_by_field_name("redirect", &mut cursor) {
                        written = self.destination(inner).or(written);
                    }
                }
                _ => {}
            }
        }
        for redirect in redirects {
            match redirect.kind() {
                "heredoc_redirect" => self.heredoc(redirect, command, written.as_ref()),
                "herestring_redirect" => self.herestring(redirect, command),
                _ => {}
            }
        }
        if let (Some(command), Some(written)) = (command, written.as_ref()) {
            self.echoed(command, written);
        }
    }

    pub(super) fn herestring(&mut self, redirect: Node<'_>, command: Option<Node<'_>>) {
        let (Some(command), Some(text)) = (command, redirect.named_child(0)) else { return };
        let words = vec![self.word(text)];
        self.inputs.entry(command.id()).or_insert(Input { words });
    }

    /// The file that a redirection writes; a database on either side is named here.
    fn destination(&mut self, redirect: Node<'_>) -> Option<Word> {
        let destination = redirect.child_by_field_name("destination")?;
        let word = self.word(destination);
        self.names_database(&word, "redirection", None);
        let operator = self.source.text.get(redirect.start_byte()..destination.start_byte()).unwrap_or("");
        operator.contains('>').then_some(word)
    }

    fn heredoc(&mut self, redirect: Node<'_>, command: Option<Node<'_>>, written: Option<&Word>) {
        let mut cursor = redirect.walk();
        let children: Vec<Node<'_>> = redirect.named_children(&mut cursor).collect();
        let Some(body) = children.iter().find(|child| child.kind() == "heredoc_body") else { return };
        let quoted = children
            .iter()
            .find(|child| child.kind() == "heredoc_start")
            .is_some_and(|start| self.slice(start.byte_range()).contains(['\'', '"', '\\']));
        let word = build::heredoc(*body, &self.source.text, quoted);
        let words = command.map(|command| self.words(command)).unwrap_or_default();
        let name = words.first().and_then(Word::literal).unwrap_or_default();
        let piped = children.iter().find(|child| child.kind() == "pipeline").and_then(|next| first_command(*next));
        let input = Input { words: vec![word.clone()] };
        let teed = |words: &[Word]| {
            let at = words.iter().position(|word| word.literal().as_deref() == Some("tee"))?;
            words.iter().skip(at + 1).find(|word| !is_flag(word)).cloned()
        };
        let piped_words = piped.map(|piped| self.words(piped)).unwrap_or_default();
        let target = teed(&words).or_else(|| teed(&piped_words));
        if let Some(file) = target.as_ref().or(written.filter(|_| name == "cat")) {
            self.written(&word, file);
            return;
        }
        match (command, piped) {
            (_, Some(piped)) if name == "cat" => {
                self.inputs.entry(piped.id()).or_insert(input);
            }
            (Some(command), _) if name != "cat" => {
                self.inputs.entry(command.id()).or_insert(input);
            }
            _ => self.mentions(body.byte_range(), "text"),
        }
    }

    /// `echo "DATABASE_PATH=x.db" >> .env`.
    fn echoed(&mut self, command: Node<'_>, file: &Word) {
        let words = self.words(command);
        let name = words.first().and_then(Word::literal).unwrap_or_default();
        if !matches!(name.as_str(), "echo" | "printf") {
            return;
        }
        let Some(language) = language_of(&file.probe(), "") else { return };
        for word in words.iter().skip(1).filter(|word| !is_flag(word)) {
            let embedded = self.embed(word, false);
            self.program(&embedded, language, true);
        }
    }

    /// A heredoc that becomes a file.
    fn written(&mut self, body: &Word, file: &Word) {
        let embedded = self.embed(body, false);
        match language_of(&file.probe(), &embedded.snippet.text) {
            Some(language) => self.program(&embedded, language, true),
            None => self.generated_text(body.span.clone()),
        }
    }

    fn generated_text(&mut self, range: Range<usize>) {
        let known = self.facts.references.len();
        self.mentions(range, "written file");
        for reference in self.facts.references.iter_mut().skip(known) {
            reference.generated = true;
            reference.role = Role::Configures;
            reference.confidence = Confidence::Low;
        }
    }

    /// The command's name and arguments.
    pub(super) fn words(&self, command: Node<'_>) -> Vec<Word> {
        let mut cursor = command.walk();
        let mut words: Vec<Word> =
            command.child_by_field_name("name").map(|name| self.word(name)).into_iter().collect();
        words.extend(command.children_by_field_name("argument", &mut cursor).map(|argument| self.word(argument)));
        words
    }
}

pub(super) fn is_flag(word: &Word) -> bool {
    word.lead().starts_with('-') && word.lead().len() > 1
}

fn first_command(node: Node<'_>) -> Option<Node<'_>> {
    let mut node = node;
    for _ in 0..4 {
        node = match node.kind() {
            "command" => return Some(node),
            "redirected_statement" => node.child_by_field_name("body")?,
            "pipeline" => node.named_child(0)?,
            _ => return None,
        };
    }
    None
}

fn last_command(node: Node<'_>) -> Option<Node<'_>> {
    let mut node = node;
    for _ in 0..4 {
        node = match node.kind() {
            "command" => return Some(node),
            "pipeline" | "list" => {
                let last = node.named_child_count().checked_sub(1)?;
                node.named_child(u32::try_from(last).ok()?)?
            }
            "negated_command" => node.named_child(0)?,
            _ => return None,
        };
    }
    None
}

/// The language of a file that a script writes, by its name and its first line.
fn language_of(name: &str, text: &str) -> Option<Language> {
    let name = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let first = text.lines().next().unwrap_or("");
    Some(match ending {
        "py" => Language::Python,
        "sh" | "bash" => Language::Shell,
        "sql" => Language::Sql,
        "js" | "mjs" | "cjs" => Language::Javascript,
        "ts" => Language::Typescript,
        "yml" | "yaml" => Language::Yaml,
        "toml" => Language::Toml,
        "json" => Language::Json,
        "ini" | "cfg" | "conf" | "service" | "properties" => Language::Ini,
        "env" => Language::Dotenv,
        "md" => Language::Markdown,
        _ if name.starts_with(".env") || name.ends_with("env") => Language::Dotenv,
        _ if name.starts_with("dockerfile") => Language::Dockerfile,
        _ if first.starts_with("#!") && first.contains("python") => Language::Python,
        _ if first.starts_with("#!") && first.contains("sh") => Language::Shell,
        _ => return None,
    })
}
