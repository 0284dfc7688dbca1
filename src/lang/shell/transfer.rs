//! Commands that move files or look for them, and what containers are given: `cp`, `find`, `docker run -v`.

use super::input::is_flag;
use super::unwrap::{CONTAINER_FLAGS, command_name, literal};
use super::word::{Piece, Word};
use super::{Base, Confidence, Language, Part, Reader, Role, Value, names};
use crate::lang::{FileCopy, Mount};
use crate::text::Span;

impl Reader<'_> {
    /// `cp x.db y.db`; what is copied while an application writes to it may lack its last rows.
    pub(super) fn transfer(&mut self, name: &str, arguments: &[Word]) {
        let operands: Vec<Word> = arguments
            .iter()
            .filter(|word| !is_flag(word))
            .map(|word| if matches!(name, "scp" | "rsync" | "docker cp") { without_host(word) } else { word.clone() })
            .collect();
        if matches!(name, "cp" | "rsync") {
            for word in operands.iter().take(operands.len().saturating_sub(1)) {
                let from = self.scope.values(word);
                let database = from.iter().any(|value| names::is_database_path(&value.pattern().replace('*', "x")));
                if database || names::is_database_glob(&word.probe()) {
                    self.facts.copies.push(FileCopy {
                        place: self.source.place(Span::new(word.span.start, word.span.end)),
                        construct: name.to_owned(),
                        from,
                        language: Language::Shell,
                    });
                }
            }
        }
        for word in &operands {
            if !self.names_database(word, name, None) {
                self.spoken(word);
            }
        }
        for word in arguments.iter().filter(|word| is_flag(word)) {
            self.spoken(word);
        }
    }

    /// `find DIR -name "memory.db"`: the name is known, the folder is not.
    pub(super) fn find(&mut self, name: &str, arguments: &[Word]) {
        let mut tested = "";
        for word in arguments {
            let flag = word.literal().unwrap_or_default();
            if is_flag(word) {
                tested = if matches!(flag.as_str(), "-name" | "-iname" | "-path" | "-wholename" | "-regex") {
                    "name"
                } else {
                    ""
                };
                continue;
            }
            let probe = word.probe();
            if std::mem::take(&mut tested) == "name" {
                if names::is_database_glob(&probe) {
                    let value = Value::text(probe);
                    self.refer(word.span.clone(), Role::Mentions, vec![value], "glob", None, Confidence::Low);
                } else if names::is_database_path(&probe) {
                    let values = self.scope.values(word).into_iter().map(below_some_folder).collect();
                    self.refer(word.span.clone(), Role::Binds, values, name, None, Confidence::Medium);
                }
            } else if !self.names_database(word, name, None) {
                self.spoken(word);
            }
        }
    }

    /// What a wrapper itself is given: variables, volumes, the user's own files.
    pub(super) fn wrapper(&mut self, words: &[Word]) {
        let Some(name) = command_name(words) else { return };
        let arguments = words.get(1..).unwrap_or_default();
        match name.as_str() {
            "env" => {
                for word in arguments.iter().take_while(|word| is_flag(word) || word.after_equals().is_some()) {
                    if let Some((key, value)) = word.after_equals().filter(|_| !is_flag(word)) {
                        self.set(&key, &value, true, "env");
                    }
                }
            }
            "docker" | "podman" | "nerdctl" | "docker-compose" => self.container(arguments),
            _ => {}
        }
    }

    /// `docker run -e KEY=path -v host:container`.
    fn container(&mut self, arguments: &[Word]) {
        let mut at = 0;
        while let Some(word) = arguments.get(at) {
            let own = word.literal().unwrap_or_default();
            let glued = word.after_equals().filter(|(key, _)| key.starts_with("--"));
            let (flag, value) = match glued {
                Some((flag, value)) => (flag, Some(value)),
                None => (own.clone(), arguments.get(at + 1).cloned()),
            };
            let Some(value) = value else { return };
            match flag.as_str() {
                "-e" | "--env" | "--build-arg" => {
                    if let Some((key, value)) = value.after_equals() {
                        self.set(&key, &value, true, "docker run");
                    }
                }
                "-v" | "--volume" => self.volume(&value),
                _ => {}
            }
            let valued = CONTAINER_FLAGS.contains(&own.as_str());
            // Flags of the program in the container are its own.
            if !is_flag(word) && at > 2 && !matches!(literal(arguments, at - 1).as_str(), "run" | "exec" | "compose") {
                return;
            }
            at += if valued { 2 } else { 1 };
        }
    }

    fn volume(&mut self, word: &Word) {
        let probe = word.probe();
        let text = self.source.text.get(word.span.clone()).unwrap_or("").trim_matches(['"', '\'']).to_owned();
        // A colon may stand in `${X:-y}`: the container's side starts with the last `:/`.
        let Some(at) = text.rfind(":/") else { return };
        let (host, container) = text.split_at(at);
        let container = container.trim_start_matches(':').split(':').next().unwrap_or("").to_owned();
        let host_word = Word {
            span: word.span.clone(),
            pieces: word
                .pieces
                .iter()
                .filter_map(|piece| match piece {
                    Piece::Text { text, span, bare } => {
                        let kept = text.find(":/").map_or(text.as_str(), |end| &text[..end]);
                        let before = span.start < word.span.start + at + 1;
                        (before && !kept.is_empty()).then(|| Piece::Text {
                            text: kept.to_owned(),
                            span: span.clone(),
                            bare: *bare,
                        })
                    }
                    other => Some(other.clone()),
                })
                .collect(),
        };
        let value = self.scope.values(&host_word).into_iter().next();
        // A mount's host side is relative to the file it stands in.
        let up = match value.as_ref().map(|value| value.base) {
            Some(Base::Root) => "../".repeat(self.source.path.matches('/').count()),
            Some(Base::Home) => "~/".to_owned(),
            _ => String::new(),
        };
        let host =
            value.and_then(|value| value.rendered()).map_or_else(|| host.to_owned(), |path| format!("{up}{path}"));
        if !probe.is_empty() {
            let place = self.source.place(Span::new(word.span.start, word.span.end));
            self.facts.mounts.push(Mount { place, host, container });
        }
    }
}

/// `host:/data/x.db` without its host.
fn without_host(word: &Word) -> Word {
    match word.split_at_first(':') {
        Some((host, path)) if !host.contains('/') && host.len() > 1 && !path.lead().starts_with("//") => path,
        _ => word.clone(),
    }
}

fn below_some_folder(value: Value) -> Value {
    let mut parts = vec![Part::Unknown("folder".to_owned()), Part::Text("/".to_owned())];
    if matches!(value.parts.first(), Some(Part::Text(text)) if text.contains('/')) {
        return value;
    }
    parts.extend(value.parts);
    Value { parts, ..value }
}
