//! Shell: assignments, commands and the databases they open, and the programs that scripts carry inside them.
//! Knows the commands of the field (`sqlite3`, `cp`, `docker run`), no policy and no disk.

mod build;
mod collect;
mod command;
mod embed;
mod input;
mod join;
mod literals;
mod scope;
mod transfer;
mod unwrap;
mod word;
mod write;

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use tree_sitter::Node;

use self::input::Input;
use self::scope::Scope;
use self::word::Word;
use super::{Base, Confidence, Engine, EnvRead, Facts, Language, Part, Reference, Role, Setting, Value, names};
use crate::text::{Source, Span};

pub(super) use write::write;

/// Reads a script, or a command line that another source holds.
pub(super) fn read(source: &Source) -> Facts {
    let ending = source.path.rsplit_once('.').map_or("", |(_, ending)| ending);
    if matches!(ending, "fish" | "ps1" | "psm1" | "bat" | "cmd" | "nu") {
        return literals::read(source);
    }
    let mut parser = tree_sitter::Parser::new();
    if parser.set_language(&tree_sitter_bash::LANGUAGE.into()).is_err() {
        return literals::read(source);
    }
    let Some(tree) = parser.parse(&source.text, None) else { return literals::read(source) };
    let scope = collect::collect(source, tree.root_node());
    let mut reader = Reader { source, scope, facts: Facts::default(), taken: BTreeMap::new(), inputs: HashMap::new() };
    reader.walk(tree.root_node());
    if tree.root_node().has_error() {
        reader.walk_lost_lines(&mut parser);
    }
    reader.facts.references.sort_by_key(|reference| reference.place.span);
    if tree.root_node().has_error() {
        reader.facts.trouble = Some("parts of the script are not valid shell".to_owned());
    }
    reader.facts
}

struct Reader<'a> {
    source: &'a Source,
    scope: Scope<'a>,
    facts: Facts,
    /// Spans that gave a reference: one place gives one.
    taken: BTreeMap<u32, u32>,
    /// What is fed to a command, by the id of its node.
    inputs: HashMap<usize, Input>,
}

impl<'a> Reader<'a> {
    fn walk(&mut self, root: Node<'_>) {
        let mut stack = vec![root];
        while let Some(node) = stack.pop() {
            match node.kind() {
                "comment" => self.mentions(node.byte_range(), "comment"),
                "variable_assignment" => self.assignment(node),
                "command" => self.command(node),
                "pipeline" => self.pipeline(node),
                "redirected_statement" => self.redirected(node),
                "test_command" => self.test(node),
                "for_statement" => self.loop_list(node),
                "case_item" => self.case_item(node),
                "simple_expansion" | "expansion" => self.expansion(node),
                _ => {}
            }
            let first = stack.len();
            let mut cursor = node.walk();
            stack.extend(node.named_children(&mut cursor));
            stack[first..].reverse();
        }
    }

    /// After a mistake the grammar takes code for text and text for code: lines that speak of databases and gave nothing
    /// are read once more, each by itself.
    fn walk_lost_lines(&mut self, parser: &mut tree_sitter::Parser) {
        let mut trees = Vec::new();
        for line in logical_lines(&self.source.text) {
            let text = self.slice(line.clone());
            let taken =
                self.taken.range(..clamp(line.end)).next_back().is_some_and(|(_, &end)| end > clamp(line.start));
            if taken || trees.len() >= MOST_LOST_LINES || !(text.contains("sqlite") || text.contains(".db")) {
                continue;
            }
            let start = self.source.position(clamp(line.start));
            let range = tree_sitter::Range {
                start_byte: line.start,
                end_byte: line.end,
                start_point: tree_sitter::Point { row: start.line as usize - 1, column: 0 },
                end_point: tree_sitter::Point { row: start.line as usize - 1, column: line.len() },
            };
            if parser.set_included_ranges(&[range]).is_ok() {
                trees.extend(parser.parse(&self.source.text, None));
            }
        }
        for tree in &trees {
            self.scope.adopt(collect::collect(self.source, tree.root_node()));
        }
        for tree in &trees {
            self.inputs.clear();
            self.walk(tree.root_node());
        }
    }

    fn word(&self, node: Node<'_>) -> Word {
        build::word(node, &self.source.text)
    }

    /// `NAME=value`, by itself, exported, or in front of a command.
    fn assignment(&mut self, node: Node<'_>) {
        let Some(name) = node.child_by_field_name("name") else { return };
        let Some(value) = node.child_by_field_name("value") else { return };
        let name = self.source.text.get(name.byte_range()).unwrap_or("").to_owned();
        let name = name.split('[').next().unwrap_or("").to_owned();
        if value.kind() == "array" {
            let mut cursor = value.walk();
            for element in value.named_children(&mut cursor) {
                let word = self.word(element);
                let word = if word.lead().starts_with('[') {
                    word.after_equals().map_or(word.clone(), |(_, tail)| tail)
                } else {
                    word
                };
                if input::is_flag(&word) {
                    self.argument("array", &word);
                } else {
                    self.names_database(&word, "array", Some(&name));
                }
            }
            return;
        }
        let word = self.word(value);
        let exported = node.parent().is_some_and(|parent| {
            parent.kind() == "command"
                || parent.kind() == "declaration_command" && self.slice(parent.byte_range()).starts_with("export")
        }) || self.scope.exported.contains(&name);
        self.set(&name, &word, exported, "assignment");
    }

    /// A variable is given a value; `environment` if programs that the script starts see it.
    fn set(&mut self, name: &str, word: &Word, environment: bool, construct: &str) {
        let by_name = names::env_names_database(name);
        let by_value = self.is_database(word);
        let folder = ["_DIR", "_PATH", "_FOLDER", "_HOME"].iter().any(|ending| name.ends_with(ending));
        let variable = name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
        let wanted = by_name || environment && (by_value || folder);
        if wanted
            && variable
            && let Some(value) = self.scope.values(word).into_iter().find(|value| !value.is_opaque())
        {
            let place = self.source.place(Span::new(word.span.start, word.span.end));
            // A wrapper's own words come by twice.
            if self.facts.settings.iter().rev().take(8).all(|known| known.place != place) {
                self.facts.settings.push(Setting { place, name: name.to_owned(), value, language: Language::Shell });
            }
        }
        if self.names_database(word, construct, Some(name)) {
            return;
        }
        let literal = word.literal().unwrap_or_default();
        let path = literal.contains('/') && !literal.contains("://") && !literal.ends_with('/');
        if by_name && path && !literal.contains(char::is_whitespace) {
            let values = self.scope.values(word);
            self.refer(word.span.clone(), Role::Binds, values, construct, Some(name), Confidence::Medium);
        } else if word.span.len() > 4 {
            self.spoken(word);
        }
    }

    fn slice(&self, range: Range<usize>) -> &str {
        self.source.text.get(range).unwrap_or("")
    }

    /// Whether the word itself, and not only what its variables hold, names a database.
    fn is_database(&self, word: &Word) -> bool {
        if word.probe().contains(char::is_whitespace) && !word.probe().contains('/') {
            return false;
        }
        let own = word.pieces.iter().any(|piece| match piece {
            word::Piece::Text { text, .. } => !text.trim_matches(['/', '"', '\'']).is_empty(),
            word::Piece::Variable(variable) => variable.default.as_ref().is_some_and(|word| !word.pieces.is_empty()),
            word::Piece::Braces(..) => true,
            _ => false,
        });
        if !own {
            return false;
        }
        let probe = word.probe();
        let probe = probe.trim_end_matches('*').trim_end_matches(['.', '-']);
        names::is_database_path(probe)
            || matches!(names::url_engine(probe), Some(Engine::Sqlite | Engine::Postgresql | Engine::Mysql))
    }

    /// Reports the word if it names a database; says whether it did.
    fn names_database(&mut self, word: &Word, construct: &str, name: Option<&str>) -> bool {
        let probe = word.probe();
        let globbed = word.pieces.iter().any(|piece| matches!(piece, word::Piece::Glob(_))) || probe.contains('*');
        if globbed && names::is_database_glob(&probe) {
            let values = self.scope.values(word);
            self.refer(word.span.clone(), Role::Mentions, values, "glob", name, Confidence::Low);
            return true;
        }
        if !self.is_database(word) {
            return false;
        }
        let values = self.scope.values(word);
        let known = values.iter().any(|value| value.parts.iter().all(|part| !matches!(part, Part::Unknown(_))));
        let confidence = if known { Confidence::High } else { Confidence::Medium };
        self.refer(word.span.clone(), Role::Binds, values, construct, name, confidence);
        true
    }

    /// Every name of a database in running text.
    fn mentions(&mut self, range: Range<usize>, construct: &str) {
        let Some(text) = self.source.text.get(range.clone()) else { return };
        for found in names::mentions(text) {
            let value = literals::value(&text[found.clone()]);
            let span = range.start + found.start..range.start + found.end;
            self.refer(span, Role::Mentions, vec![value], construct, None, Confidence::High);
        }
    }

    /// Names of databases in a word; commands inside it are read by themselves.
    fn spoken(&mut self, word: &Word) {
        let mut start = word.span.start;
        let inner = word.pieces.iter().filter_map(|piece| match piece {
            word::Piece::Substitution(span) => Some(span.clone()),
            _ => None,
        });
        for gap in inner.chain(std::iter::once(word.span.end..word.span.end)) {
            self.mentions(start..gap.start.max(start), "text");
            start = gap.end;
        }
    }

    /// A variable that the script does not set comes from its environment.
    fn expansion(&mut self, node: Node<'_>) {
        let word = self.word(node);
        let Some(variable) = word.variable() else { return };
        let environment = variable.name.starts_with(|c: char| c.is_ascii_alphabetic());
        let own = variable.default.is_some() || !self.scope.binds(&variable.name);
        let default = variable.default.as_ref().and_then(|default| {
            self.is_database(default).then(|| self.scope.values(default).into_iter().next()).flatten()
        });
        if environment && own && (names::env_names_database(&variable.name) || default.is_some()) {
            let default = default
                .or_else(|| variable.default.as_ref().and_then(|word| self.scope.values(word).into_iter().next()));
            self.facts.env_reads.push(EnvRead {
                place: self.source.place(Span::new(word.span.start, word.span.end)),
                name: variable.name.clone(),
                default,
                falls_back: variable.default.is_some(),
                language: Language::Shell,
            });
        }
    }

    /// `for db in a.db b.db`: one reference for each name.
    fn loop_list(&mut self, node: Node<'_>) {
        let mut cursor = node.walk();
        let values: Vec<Node<'_>> = node.children_by_field_name("value", &mut cursor).collect();
        let name = node.child_by_field_name("variable").map(|name| self.slice(name.byte_range()).to_owned());
        for value in values {
            let word = self.word(value);
            self.names_database(&word, "for", name.as_deref());
        }
    }

    fn case_item(&mut self, node: Node<'_>) {
        let mut cursor = node.walk();
        let values: Vec<Range<usize>> =
            node.children_by_field_name("value", &mut cursor).map(|value| value.byte_range()).collect();
        for value in values {
            self.mentions(value, "case");
        }
    }

    /// `[ -f x.db ]`; what is compared is only spoken of.
    fn test(&mut self, node: Node<'_>) {
        let mut stack = vec![(node, false)];
        while let Some((node, examined)) = stack.pop() {
            match node.kind() {
                "unary_expression"
                | "binary_expression"
                | "test_command"
                | "negated_command"
                | "parenthesized_expression" => {
                    let files = node.kind() == "unary_expression"
                        || matches!(
                            node.child_by_field_name("operator").map(|operator| self.slice(operator.byte_range())),
                            Some("-nt" | "-ot" | "-ef")
                        );
                    let mut cursor = node.walk();
                    stack.extend(node.named_children(&mut cursor).map(|child| (child, files)));
                }
                "word" | "string" | "raw_string" | "concatenation" if examined => {
                    let word = self.word(node);
                    self.names_database(&word, "test", None);
                }
                "word" | "string" | "raw_string" | "concatenation" => self.mentions(node.byte_range(), "test"),
                _ => {}
            }
        }
    }

    fn append(&mut self, mut facts: Facts) {
        facts.references.retain(|reference| self.take(reference.place.span));
        facts.trouble = None;
        self.facts.append(facts);
    }

    /// Adds a reference, unless the place has given one.
    fn refer(
        &mut self,
        range: Range<usize>,
        role: Role,
        mut values: Vec<Value>,
        construct: &str,
        name: Option<&str>,
        confidence: Confidence,
    ) {
        let span = Span::new(range.start, range.end);
        if span.is_empty() || !self.take(span) {
            return;
        }
        let place = self.source.place(span);
        for value in &mut values {
            if value.origin.is_none() && !value.is_opaque() {
                value.origin = Some(place.clone());
            }
        }
        self.facts.references.push(Reference {
            place,
            role,
            values: values.into(),
            construct: construct.into(),
            language: Language::Shell,
            confidence,
            name: name.map(Into::into),
            symbol: self.scope.symbol(range.start).map(Into::into),
            generated: false,
        });
    }

    fn take(&mut self, span: Span) -> bool {
        let before = self.taken.range(..span.end).next_back();
        if before.is_some_and(|(_, &end)| end > span.start) {
            return false;
        }
        self.taken.insert(span.start, span.end);
        true
    }
}

/// Lines that are read once more; a source with more is no shell.
const MOST_LOST_LINES: usize = 300;

fn clamp(offset: usize) -> u32 {
    Span::new(offset, offset).start
}

/// Lines, joined where one ends in a backslash.
fn logical_lines(text: &str) -> Vec<Range<usize>> {
    let mut lines: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    let mut continues = false;
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        match lines.last_mut().filter(|_| continues) {
            Some(before) => before.end = end,
            None => lines.push(start..end),
        }
        continues = line.trim_end_matches(['\n', '\r']).ends_with('\\');
        start = end;
    }
    lines
}

#[cfg(test)]
mod odd;
#[cfg(test)]
mod tests;
