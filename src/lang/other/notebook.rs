//! Jupyter notebooks: the cells of code are one program, in the order in which they stand; lines for the shell and for `%sql` are read as
//! what they are. What a run printed is not read. Knows nothing of Python.

use tree_sitter::Node;

use crate::lang::config::{Gather, Quoting, decoded, names_database, value};
use crate::lang::{Confidence, Facts, Language, Role, Value, Values, read_snippet};
use crate::text::{Snippet, Source, Span};

/// Magics of a line whose words are Python.
const TIMED: [&str; 4] = ["time", "timeit", "prun", "memit"];

pub(super) fn read(source: &Source) -> Facts {
    let mut parser = tree_sitter::Parser::new();
    let tree =
        parser.set_language(&tree_sitter_json::LANGUAGE.into()).ok().and_then(|()| parser.parse(&source.text, None));
    let mut reader =
        Reader { source, gather: Gather::new(source, Language::Other), program: Snippet::default(), url: None };
    let Some(tree) = tree.filter(|tree| !tree.root_node().has_error()) else {
        reader.gather.mention(Span::new(0, source.text.len()), Confidence::Low, "text");
        reader.gather.facts.trouble = Some("it is no notebook; it was read as text".to_owned());
        return reader.gather.finish();
    };
    for cell in cells(source, tree.root_node()) {
        reader.cell(cell);
    }
    let program = std::mem::take(&mut reader.program);
    reader.hand_over(&program, Language::Python);
    let mut facts = reader.gather.finish();
    facts.references.sort_by(|left, right| left.place.cmp(&right.place));
    facts
}

/// The cells, also of notebooks of the third format, which keep them in sheets.
fn cells<'t>(source: &Source, root: Node<'t>) -> Vec<Node<'t>> {
    let top = root.named_child(0);
    let direct = top.and_then(|top| member(source, top, "cells"));
    let sheets = top.and_then(|top| member(source, top, "worksheets")).map(elements).unwrap_or_default();
    let lists = direct.into_iter().chain(sheets.into_iter().filter_map(|sheet| member(source, sheet, "cells")));
    lists.flat_map(elements).collect()
}

fn elements(list: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = list.walk();
    list.named_children(&mut cursor).filter(|child| child.kind() != "comment").collect()
}

/// The value of a key of an object.
fn member<'t>(source: &Source, object: Node<'t>, key: &str) -> Option<Node<'t>> {
    let pairs = elements(object).into_iter().filter(|child| child.kind() == "pair");
    let mut fitting = pairs.filter(|pair| {
        let name =
            pair.child_by_field_name("key").map(|name| source.slice(Span::new(name.start_byte(), name.end_byte())));
        name.is_some_and(|name| name.trim_matches('"') == key)
    });
    fitting.next()?.child_by_field_name("value")
}

struct Reader<'a> {
    source: &'a Source,
    gather: Gather<'a>,
    program: Snippet,
    /// Where `%sql` is connected to.
    url: Option<Value>,
}

impl Reader<'_> {
    fn cell(&mut self, cell: Node<'_>) {
        let kind = member(self.source, cell, "cell_type").map(|kind| self.raw(kind)).unwrap_or_default();
        let Some(text) = member(self.source, cell, "source").or_else(|| member(self.source, cell, "input")) else {
            return;
        };
        if kind != "code" {
            let span = Span::new(text.start_byte(), text.end_byte());
            return self.gather.mention(span, Confidence::Low, "text");
        }
        let text = self.text(text);
        let first = text.text.lines().find(|line| !line.trim().is_empty()).unwrap_or("");
        let Some(magic) = first.trim().strip_prefix("%%") else { return self.python(&text) };
        let name = magic.split_whitespace().next().unwrap_or("");
        let start = text.text.find(first).unwrap_or(0);
        let body = text.part(start + first.len()..text.text.len());
        match name {
            "bash" | "sh" | "script" | "!" | "system" => self.hand_over(&body, Language::Shell),
            "sql" => {
                let words = start + first.find("sql").unwrap_or(0) + 3..start + first.len();
                self.sql(&text, words, &body);
            }
            "javascript" | "js" | "html" | "latex" | "markdown" | "svg" | "R" | "writefile" | "file" | "perl"
            | "ruby" => {}
            // `%%time` and whatever else leaves the cell a cell of Python.
            _ => self.python(&body),
        }
    }

    /// A line that Python does not have becomes `pass` there.
    fn python(&mut self, cell: &Snippet) {
        let mut quoted = false;
        let mut at = 0;
        for line in cell.text.split_inclusive('\n') {
            let start = at;
            at += line.len();
            let words = line.trim_start();
            let indent = line.len() - words.len();
            let open = quoted;
            quoted ^= (line.matches("\"\"\"").count() + line.matches("'''").count()) % 2 == 1;
            // `files = !ls`, `result = %sql SELECT ..`
            let called = words
                .split_once('=')
                .map(|(_, right)| right.trim_start())
                .filter(|right| right.starts_with(['!', '%']));
            let Some(call) = (!open && words.starts_with(['!', '%'])).then_some(words).or(called.filter(|_| !open))
            else {
                self.program.append(&cell.part(start..at));
                continue;
            };
            let from = start + line.len() - call.len();
            let end = from + call.trim_end().len();
            let magic = call.trim_start_matches(['!', '%']);
            let name = magic.split_whitespace().next().unwrap_or("");
            let rest = from + (call.len() - magic.len());
            if call.starts_with('%') && TIMED.contains(&name) {
                self.program.append(&cell.part(start..start + indent));
                let code = magic.get(name.len()..).unwrap_or("").trim_start();
                self.program.append(&cell.part(at - code.len()..at));
                continue;
            }
            self.program.append(&cell.part(start..start + indent));
            self.program.append(&cell.part(start..start).with("pass\n"));
            match name {
                "sql" if call.starts_with('%') => self.sql(cell, rest + 3..end, &Snippet::default()),
                // `%env NAME=value`
                "env" | "set_env" if call.starts_with('%') => {
                    self.hand_over(&cell.part(rest + name.len()..end), Language::Shell);
                }
                _ => self.hand_over(&cell.part(rest..end), Language::Shell),
            }
        }
        self.program.append(&cell.part(at..at).with("\n"));
    }

    /// `%sql sqlite:///x.db`, `%sql SELECT ..`, `%%sql sqlite:///x.db` with statements below.
    fn sql(&mut self, cell: &Snippet, words: std::ops::Range<usize>, body: &Snippet) {
        let text = cell.text.get(words.clone()).unwrap_or("");
        let word = text.split_whitespace().next().unwrap_or("");
        let told = value(word);
        let start = words.start + text.find(word).unwrap_or(0);
        let mut script = Snippet::default();
        if !word.is_empty() && names_database(&told) {
            let span = cell.host_span(Span::new(start, start + word.len()));
            self.gather.refer(span, Role::Opens, told.clone(), "%sql", Confidence::High, None);
            self.url = Some(told);
            script.append(&cell.part(start + word.len()..words.end));
        } else {
            script.append(&cell.part(words));
        }
        script.append(body);
        let mut facts = read_snippet(self.source, &script, Language::Sql);
        let connection: Values = self.url.iter().cloned().collect();
        facts.table_uses.iter_mut().for_each(|it| it.connection.clone_from(&connection));
        facts.statements.iter_mut().for_each(|it| it.connection.clone_from(&connection));
        self.gather.append(facts);
    }

    fn hand_over(&mut self, code: &Snippet, language: Language) {
        let mut facts = read_snippet(self.source, code, language);
        facts.trouble = None;
        facts.references.iter_mut().for_each(|reference| reference.language = Language::Other);
        // Of a literal in double quotes, which JSON escapes, what stands between them.
        facts.for_each_place(&mut |place| {
            let inner = self.source.slice(place.span).strip_prefix("\\\"").and_then(|inner| inner.strip_suffix('\\'));
            if inner.is_some_and(|inner| !inner.is_empty() && !inner.contains('\\')) {
                let span = Span { start: place.span.start + 2, end: place.span.end - 1 };
                *place = self.source.place(span);
            }
        });
        self.gather.append(facts);
    }

    /// A string, or a list of strings, one for each line.
    fn text(&self, node: Node<'_>) -> Snippet {
        let mut text = Snippet::default();
        let strings = if node.kind() == "array" { elements(node) } else { vec![node] };
        for string in strings.into_iter().filter(|string| string.kind() == "string") {
            let inner =
                Span::new(string.start_byte() + 1, string.end_byte().saturating_sub(1).max(string.start_byte() + 1));
            text.append(&decoded(self.source.slice(inner), inner.start as usize, Quoting::Double));
        }
        text
    }

    fn raw(&self, node: Node<'_>) -> String {
        self.source.slice(Span::new(node.start_byte(), node.end_byte())).trim_matches('"').to_owned()
    }
}
