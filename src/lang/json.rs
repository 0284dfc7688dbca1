//! JSON, with comments where an editor allows them: settings, launch files, package scripts. Records of a run configure nothing.

use tree_sitter::Node;

use super::config::{Content, Document, Gather, ItemId, Key, Quoting, decoded, understand, unquoted};
use super::{Confidence, Facts, Language};
use crate::text::{Snippet, Source, Span};

/// Deeper nesting than this is not configuration.
const MAX_DEPTH: usize = 400;

/// An array of this many objects is a table of data.
const MANY: usize = 8;

/// Keys that only what a program wrote down about a run has.
const OF_A_RUN: [&str; 12] = [
    "line",
    "line_number",
    "lineno",
    "timestamp",
    "generated_at",
    "generatedAt",
    "generated_on",
    "scan_time",
    "scanned_at",
    "audit_date",
    "created_at",
    "checked_at",
];

pub(super) fn read(source: &Source) -> Facts {
    let mut gather = Gather::new(source, Language::Json);
    let mut parser = tree_sitter::Parser::new();
    if parser.set_language(&tree_sitter_json::LANGUAGE.into()).is_err() {
        return gather.finish();
    }
    let Some(tree) = parser.parse(&source.text, None) else { return gather.finish() };
    let mut reader = Reader { source, document: Document::default(), comments: Vec::new(), too_deep: false };
    reader.visit(tree.root_node(), None, &Key::Root, 0);
    let Reader { mut document, comments, too_deep, .. } = reader;
    mark_records(&mut document);
    understand(&document, &mut gather);
    for span in comments {
        gather.mention(span, Confidence::Low, "comment");
    }
    if too_deep || tree.root_node().has_error() {
        gather.mention(Span::new(0, source.text.len()), Confidence::Low, "text");
        gather.facts.trouble = Some("parts of it are not JSON; those were read as text".to_owned());
    }
    gather.finish()
}

struct Reader<'a> {
    source: &'a Source,
    document: Document,
    comments: Vec<Span>,
    too_deep: bool,
}

impl Reader<'_> {
    fn visit(&mut self, node: Node<'_>, parent: Option<ItemId>, key: &Key, depth: usize) {
        if depth > MAX_DEPTH {
            self.too_deep = true;
            return;
        }
        let span = Span::new(node.start_byte(), node.end_byte());
        match node.kind() {
            "comment" => self.comments.push(span),
            "object" => {
                let id = self.document.add(parent, key.clone(), Content::Map);
                self.children(node, Some(id), &Key::Root, depth);
            }
            "array" => {
                let id = self.document.add(parent, key.clone(), Content::List);
                let mut cursor = node.walk();
                for (index, child) in node.named_children(&mut cursor).enumerate() {
                    self.visit(child, Some(id), &Key::Index(index), depth + 1);
                }
            }
            "pair" => {
                let key = node.child_by_field_name("key").map_or(Key::Root, |key| {
                    let span = Span::new(key.start_byte(), key.end_byte());
                    Key::Name(unquoted(self.source.slice(span)).to_owned(), span)
                });
                if let Some(value) = node.child_by_field_name("value") {
                    self.visit(value, parent, &key, depth + 1);
                }
                let mut cursor = node.walk();
                for child in node.named_children(&mut cursor) {
                    if child.kind() == "comment" || child.is_error() {
                        self.visit(child, parent, &Key::Root, depth + 1);
                    }
                }
            }
            "string" => {
                let raw = self.source.slice(span);
                let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or("");
                let snippet = decoded(inner, span.start as usize + 1, Quoting::Double);
                self.document.add(parent, key.clone(), Content::Text(snippet, span));
            }
            "number" | "true" | "false" | "null" => {
                let snippet = Snippet::verbatim(self.source.slice(span), span.start as usize);
                self.document.add(parent, key.clone(), Content::Text(snippet, span));
            }
            _ => self.children(node, parent, key, depth),
        }
    }

    fn children(&mut self, node: Node<'_>, parent: Option<ItemId>, key: &Key, depth: usize) {
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            self.visit(child, parent, key, depth + 1);
        }
    }
}

/// HARD-CASE 54: a report, a recording or a table of data, told by its shape.
fn mark_records(document: &mut Document) {
    for id in document.ids() {
        let recorded = match document.content(id) {
            Content::Text(..) => false,
            Content::Map => OF_A_RUN.iter().any(|key| document.child(id, key).is_some()),
            Content::List => {
                let children = document.children(id);
                let maps = children.iter().filter(|&&child| matches!(document.content(child), Content::Map));
                children.len() >= MANY && maps.count() == children.len() && document.name(id) != "env"
            }
        };
        if recorded {
            document.mark_recorded(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Language;
    use super::super::config::testing::{odd_text, others, references, sound_for};

    #[test]
    fn settings() {
        for (path, text, told) in [
            (
                "config/settings.json",
                "{\n  // not old.db\n  \"database\": {\"path\": \"./data/zoe.db\", \"pool\": 5},\n  \"url\": \"sqlite:///y\"\n}",
                vec![
                    "2:10 mentions old.db -> old.db",
                    "3:24 configures \"./data/zoe.db\" -> ./data/zoe.db (database.path)",
                    "4:10 configures \"sqlite:///y\" -> sqlite:///y (url)",
                ],
            ),
            (
                "mcp.json",
                r#"{"s": {"command": "uvx", "args": ["mcp-server", "--db-path", "/data/x.db"], "env": {"DB_PATH": "y.db"}}}"#,
                vec!["1:62 configures \"/data/x.db\" -> /data/x.db", "1:96 configures \"y.db\" -> y.db (DB_PATH)"],
            ),
            (
                "package.json",
                r#"{"dependencies": {"a": "file:../a"}, "files": ["dist"], "description": "Reads zoe.db files"}"#,
                vec!["1:79 mentions zoe.db -> zoe.db"],
            ),
        ] {
            assert_eq!(references(path, Language::Json, text), told, "{path}");
        }
        let text = r#"{"env": {"DB_PATH": "y.db", "DATA_DIR": "/data", "X": "1"}}"#;
        assert_eq!(others("a.json", Language::Json, text), ["1: set DB_PATH=y.db", "1: set DATA_DIR=/data"]);
    }

    #[test]
    fn case_54_reports_are_data() {
        let report = r#"{"generated_at": "2025-01-01", "findings": [{"file": "a.py", "db_path": "data/zoe.db"}]}"#;
        assert_eq!(references("audit.json", Language::Json, report), ["1:73 mentions \"data/zoe.db\" -> data/zoe.db"]);
        let rows = format!("[{}]", [r#"{"name": "x", "path": "a.db"}"#; 9].join(","));
        assert!(references("rows.json", Language::Json, &rows).iter().all(|line| line.contains("mentions")));
    }

    #[test]
    fn case_58_what_is_no_json_is_text() {
        assert_eq!(
            references("x.json", Language::Json, "{\"a\": \"b.db\", oops zoe.db"),
            ["1:7 configures \"b.db\" -> b.db (a)", "1:20 mentions zoe.db -> zoe.db"]
        );
    }

    #[test]
    fn deep_nesting_is_no_trouble() {
        sound_for("deep.json", Language::Json, "[".repeat(50_000).into_bytes());
        sound_for("deep.json", Language::Json, "{\"a\":".repeat(20_000).into_bytes());
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            sound_for("x.json", Language::Json, bytes);
        }

        #[test]
        fn any_text(text in odd_text()) {
            sound_for("x.json", Language::Json, text.into_bytes());
        }
    }
}
