//! A configuration file as a tree of maps, lists and texts, whatever its grammar. Knows no meaning.

use crate::text::{Snippet, Span};

use super::Token;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::lang) struct ItemId(usize);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lang) enum Key {
    Root,
    Name(String, Span),
    Index(usize),
}

#[derive(Debug)]
pub(in crate::lang) enum Content {
    Map,
    List,
    /// A scalar: its text after escapes, with the way back, and its whole token.
    Text(Snippet, Span),
}

#[derive(Debug)]
struct Item {
    parent: Option<ItemId>,
    key: Key,
    content: Content,
    children: Vec<ItemId>,
    /// Data about a run, and not configuration (HARD-CASE 54).
    recorded: bool,
}

/// Items in the order of the text; a parent stands before its children.
#[derive(Debug, Default)]
pub(in crate::lang) struct Document {
    items: Vec<Item>,
}

impl Document {
    pub(in crate::lang) fn add(&mut self, parent: Option<ItemId>, key: Key, content: Content) -> ItemId {
        let id = ItemId(self.items.len());
        if let Some(parent) = parent.and_then(|parent| self.items.get_mut(parent.0)) {
            parent.children.push(id);
        }
        self.items.push(Item { parent, key, content, children: Vec::new(), recorded: false });
        id
    }

    pub(in crate::lang) fn ids(&self) -> impl Iterator<Item = ItemId> + use<> {
        (0..self.items.len()).map(ItemId)
    }

    pub(in crate::lang) fn content(&self, id: ItemId) -> &Content {
        self.items.get(id.0).map_or(&Content::Map, |item| &item.content)
    }

    pub(in crate::lang) fn children(&self, id: ItemId) -> &[ItemId] {
        self.items.get(id.0).map_or(&[], |item| &item.children)
    }

    pub(in crate::lang) fn parent(&self, id: ItemId) -> Option<ItemId> {
        self.items.get(id.0).and_then(|item| item.parent)
    }

    pub(in crate::lang) fn key(&self, id: ItemId) -> &Key {
        self.items.get(id.0).map_or(&Key::Root, |item| &item.key)
    }

    /// The key's name; empty for elements of lists.
    pub(in crate::lang) fn name(&self, id: ItemId) -> &str {
        match self.key(id) {
            Key::Name(name, _) => name,
            Key::Root | Key::Index(_) => "",
        }
    }

    /// The name of the nearest key: an element's is that of its list.
    pub(in crate::lang) fn nearest_name(&self, id: ItemId) -> &str {
        let mut at = Some(id);
        while let Some(id) = at {
            if let Key::Name(name, _) = self.key(id) {
                return name;
            }
            at = self.parent(id);
        }
        ""
    }

    pub(in crate::lang) fn child(&self, id: ItemId, name: &str) -> Option<ItemId> {
        self.children(id).iter().copied().find(|&child| self.name(child) == name)
    }

    pub(in crate::lang) fn text(&self, id: ItemId) -> Option<&Snippet> {
        match self.content(id) {
            Content::Text(snippet, _) => Some(snippet),
            Content::Map | Content::List => None,
        }
    }

    pub(in crate::lang) fn token(&self, id: ItemId) -> Option<Token> {
        match self.content(id) {
            Content::Text(snippet, span) => Some(Token { text: snippet.text.clone(), span: *span }),
            Content::Map | Content::List => None,
        }
    }

    /// `services.web.environment`, without the positions of lists.
    pub(in crate::lang) fn dotted(&self, id: ItemId) -> String {
        let mut names = Vec::new();
        let mut at = Some(id);
        while let Some(id) = at {
            if let Key::Name(name, _) = self.key(id) {
                names.push(name.as_str());
            }
            at = self.parent(id);
        }
        names.reverse();
        names.join(".")
    }

    pub(in crate::lang) fn mark_recorded(&mut self, id: ItemId) {
        if let Some(item) = self.items.get_mut(id.0) {
            item.recorded = true;
        }
    }

    /// Whether it, or anything around it, is recorded data.
    pub(in crate::lang) fn is_recorded(&self, id: ItemId) -> bool {
        let mut at = Some(id);
        while let Some(id) = at {
            if self.items.get(id.0).is_some_and(|item| item.recorded) {
                return true;
            }
            at = self.parent(id);
        }
        false
    }
}

/// How a scalar writes its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lang) enum Quoting {
    /// As it stands.
    Verbatim,
    /// Line breaks fold to one blank.
    Plain,
    /// `''` is one quote.
    Single,
    /// Backslash escapes, as JSON, YAML and TOML have them.
    Double,
}

/// The text of a scalar after escapes; `raw` stands at `start`, without its quotes.
pub(in crate::lang) fn decoded(raw: &str, start: usize, quoting: Quoting) -> Snippet {
    let special = match quoting {
        Quoting::Verbatim => false,
        Quoting::Plain => raw.contains('\n'),
        Quoting::Single => raw.contains(['\n', '\'']),
        Quoting::Double => raw.contains(['\n', '\\']),
    };
    if !special {
        return Snippet::verbatim(raw, start);
    }
    let mut snippet = Snippet::default();
    let mut run = 0;
    let mut at = 0;
    while let Some(rest) = raw.get(at..).filter(|rest| !rest.is_empty()) {
        let (length, text) = escape(rest, quoting);
        match text {
            None => at += length,
            Some(text) => {
                push(&mut snippet, raw, run..at, start);
                snippet.push(&text, start + at);
                at += length;
                run = at;
            }
        }
    }
    push(&mut snippet, raw, run..at, start);
    snippet
}

fn push(snippet: &mut Snippet, raw: &str, range: std::ops::Range<usize>, start: usize) {
    if let Some(text) = raw.get(range.clone()).filter(|text| !text.is_empty()) {
        snippet.push(text, start + range.start);
    }
}

/// How long the next piece of a scalar is, and what it stands for where that is not itself.
fn escape(rest: &str, quoting: Quoting) -> (usize, Option<String>) {
    let mut letters = rest.chars();
    let first = letters.next().unwrap_or(' ');
    let second = letters.next();
    match (first, second, quoting) {
        ('\n', _, _) => {
            let blank = rest.len() - rest.trim_start().len();
            (blank.max(1), Some(if rest[..blank.max(1)].matches('\n').count() > 1 { "\n" } else { " " }.to_owned()))
        }
        ('\'', Some('\''), Quoting::Single) => (2, Some("'".to_owned())),
        ('\\', Some('\n'), Quoting::Double) => {
            let blank = rest.get(1..).map_or(0, |tail| tail.len() - tail.trim_start().len());
            (1 + blank, Some(String::new()))
        }
        ('\\', Some(code @ ('u' | 'x' | 'U')), Quoting::Double) => {
            let digits = match code {
                'x' => 2,
                'u' => 4,
                _ => 8,
            };
            let letter = rest
                .get(2..2 + digits)
                .and_then(|hex| u32::from_str_radix(hex, 16).ok())
                .map(|number| char::from_u32(number).unwrap_or('\u{fffd}'));
            match letter {
                Some(letter) => (2 + digits, Some(letter.to_string())),
                None => (2, Some(code.to_string())),
            }
        }
        ('\\', Some(letter), Quoting::Double) => {
            let meant = match letter {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                '0' => '\0',
                other => other,
            };
            (1 + letter.len_utf8(), Some(meant.to_string()))
        }
        _ => (first.len_utf8(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_keep_their_way_back() {
        for (raw, quoting, text) in [
            (r"a\n\u0041\\b", Quoting::Double, "a\nA\\b"),
            ("it''s", Quoting::Single, "it's"),
            ("a\n    b", Quoting::Plain, "a b"),
            ("a \\\n   b", Quoting::Double, "a b"),
            (r"\uZZZZé", Quoting::Double, "uZZZZé"),
            (r"C:\x", Quoting::Verbatim, r"C:\x"),
        ] {
            let snippet = decoded(raw, 10, quoting);
            assert_eq!(snippet.text, text, "{raw}");
            let last = snippet.host(u32::try_from(snippet.text.len()).unwrap_or(0).saturating_sub(1));
            assert!((10..10 + raw.len()).contains(&(last as usize)), "{raw}");
        }
    }
}
