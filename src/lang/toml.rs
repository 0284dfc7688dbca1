//! TOML: settings, `[env]` tables, tasks and scripts.

use tree_sitter::Node;

use super::config::{Content, Document, Gather, ItemId, Key, Quoting, decoded, understand, unquoted};
use super::{Confidence, Facts, Language};
use crate::text::{Snippet, Source, Span};

/// Deeper nesting than this is not configuration.
const MAX_DEPTH: usize = 400;

pub(super) fn read(source: &Source) -> Facts {
    let mut gather = Gather::new(source, Language::Toml);
    let mut parser = tree_sitter::Parser::new();
    if parser.set_language(&tree_sitter_toml_ng::LANGUAGE.into()).is_err() {
        return gather.finish();
    }
    let Some(tree) = parser.parse(&source.text, None) else { return gather.finish() };
    let mut document = Document::default();
    let root = document.add(None, Key::Root, Content::Map);
    let mut reader = Reader { source, document, comments: Vec::new(), too_deep: false };
    reader.children(tree.root_node(), root, &Key::Root, 0);
    let Reader { document, comments, too_deep, .. } = reader;
    understand(&document, &mut gather);
    for span in comments {
        gather.mention(span, Confidence::Low, "comment");
    }
    if too_deep || tree.root_node().has_error() {
        gather.mention(Span::new(0, source.text.len()), Confidence::Low, "text");
        gather.facts.trouble = Some("parts of it are not TOML; those were read as text".to_owned());
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
    fn visit(&mut self, node: Node<'_>, parent: ItemId, key: &Key, depth: usize) {
        if depth > MAX_DEPTH {
            self.too_deep = true;
            return;
        }
        let span = Span::new(node.start_byte(), node.end_byte());
        match node.kind() {
            "comment" => self.comments.push(span),
            "table" => self.table(node, parent, false, depth),
            "table_array_element" => self.table(node, parent, true, depth),
            "inline_table" => {
                let id = self.document.add(Some(parent), key.clone(), Content::Map);
                self.children(node, id, &Key::Root, depth);
            }
            "array" => {
                let id = self.document.add(Some(parent), key.clone(), Content::List);
                let mut cursor = node.walk();
                for (index, child) in node.named_children(&mut cursor).enumerate() {
                    self.visit(child, id, &Key::Index(index), depth + 1);
                }
            }
            "pair" => self.pair(node, parent, depth),
            "string" => {
                let snippet = self.string(span);
                self.document.add(Some(parent), key.clone(), Content::Text(snippet, span));
            }
            "integer" | "float" | "boolean" => {
                let snippet = Snippet::verbatim(self.source.slice(span), span.start as usize);
                self.document.add(Some(parent), key.clone(), Content::Text(snippet, span));
            }
            _ => self.children(node, parent, key, depth),
        }
    }

    fn children(&mut self, node: Node<'_>, parent: ItemId, key: &Key, depth: usize) {
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            self.visit(child, parent, key, depth + 1);
        }
    }

    /// `[a.b]` and `[[a.b]]` with the pairs below them.
    fn table(&mut self, node: Node<'_>, parent: ItemId, element: bool, depth: usize) {
        let mut at = parent;
        let mut named = false;
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            if is_key(child) && !named {
                named = true;
                at = self.reach(at, &self.keys(child));
                if element {
                    at = self.document.add(Some(at), Key::Index(0), Content::Map);
                }
            } else {
                self.visit(child, at, &Key::Root, depth + 1);
            }
        }
    }

    fn pair(&mut self, node: Node<'_>, parent: ItemId, depth: usize) {
        let mut cursor = node.walk();
        let mut children = node.named_children(&mut cursor);
        let mut keys = children.next().map(|key| self.keys(key)).unwrap_or_default();
        let last = keys.pop().unwrap_or(Key::Root);
        let parent = self.reach(parent, &keys);
        for child in children {
            self.visit(child, parent, &last, depth + 1);
        }
    }

    /// The map under a dotted key, made where there is none yet.
    fn reach(&mut self, from: ItemId, keys: &[Key]) -> ItemId {
        let mut at = from;
        for key in keys {
            let Key::Name(name, _) = key else { continue };
            at = match self.document.child(at, name) {
                Some(child) => child,
                None => self.document.add(Some(at), key.clone(), Content::Map),
            };
        }
        at
    }

    fn keys(&self, node: Node<'_>) -> Vec<Key> {
        let mut keys = Vec::new();
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            if node.kind() == "dotted_key" {
                let mut cursor = node.walk();
                let parts: Vec<_> = node.named_children(&mut cursor).collect();
                open.extend(parts.into_iter().rev());
            } else {
                let span = Span::new(node.start_byte(), node.end_byte());
                keys.push(Key::Name(unquoted(self.source.slice(span)).to_owned(), span));
            }
        }
        keys
    }

    fn string(&self, span: Span) -> Snippet {
        let raw = self.source.slice(span);
        let quoting = if raw.starts_with('\'') { Quoting::Verbatim } else { Quoting::Double };
        let quotes = if raw.starts_with("'''") || raw.starts_with("\"\"\"") { 3 } else { 1 };
        let inner = raw.get(quotes..raw.len().saturating_sub(quotes)).unwrap_or("");
        let skip = usize::from(quotes == 3 && inner.starts_with('\n'));
        let inner = inner.get(skip..).unwrap_or("");
        let start = span.start as usize + quotes + skip;
        // Lines of a long string are kept; only an ordinary one has escapes that matter to a path.
        if quotes == 3 { Snippet::verbatim(inner, start) } else { decoded(inner, start, quoting) }
    }
}

fn is_key(node: Node<'_>) -> bool {
    matches!(node.kind(), "bare_key" | "quoted_key" | "dotted_key")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Language;
    use super::super::config::testing::{odd_text, others, references, sound_for};

    #[test]
    fn settings() {
        for (text, told) in [
            (
                "[database]\npath = \"./data/zoe.db\" # was old.db\npool = 5\n",
                vec![
                    "2:8 configures \"./data/zoe.db\" -> ./data/zoe.db (database.path)",
                    "2:30 mentions old.db -> old.db",
                ],
            ),
            (
                "db.url = 'sqlite:///C:\\x.db'\n",
                vec!["1:10 configures 'sqlite:///C:\\x.db' -> sqlite:///C:\\x.db (db.url)"],
            ),
            ("[[stores]]\nfile = \"a.sqlite\"\n", vec!["2:8 configures \"a.sqlite\" -> a.sqlite (stores.file)"]),
            ("a = { b = { path = \"x.db\" } }\n", vec!["1:20 configures \"x.db\" -> x.db (a.b.path)"]),
            (
                "[tool.x]\nexclude = [\"*.db\"]\nmodule = \"django.contrib.sessions.backends.db\"\n",
                vec!["2:12 mentions \"*.db\" -> *.db"],
            ),
            ("a = \nb = \"x.db\"\n", vec!["2:5 configures \"x.db\" -> x.db (b)"]),
        ] {
            assert_eq!(references("settings.toml", Language::Toml, text), told, "{text}");
        }
    }

    #[test]
    fn environment_and_mounts() {
        let text = "[env]\nDATABASE_PATH = \"/data/x.db\"\n[mounts]\nsource = \"vol\"\ndestination = \"/data\"\n";
        assert_eq!(
            others("fly.toml", Language::Toml, text),
            ["2: set DATABASE_PATH=/data/x.db", "5: mount vol on /data"]
        );
    }

    #[test]
    fn deep_nesting_is_no_trouble() {
        sound_for("deep.toml", Language::Toml, format!("a = {}", "[".repeat(20_000)).into_bytes());
        sound_for("deep.toml", Language::Toml, format!("{} = 1", ["a"; 20_000].join(".")).into_bytes());
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            sound_for("x.toml", Language::Toml, bytes);
        }

        #[test]
        fn any_text(text in odd_text()) {
            sound_for("x.toml", Language::Toml, text.into_bytes());
        }
    }
}
