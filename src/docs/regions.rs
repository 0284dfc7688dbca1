//! A page that is partly generated and partly written by people: its marks, what people wrote, how it is brought up to date.
//! Knows no database.
//!
//! What is generated stands between `<!-- dbguard docs: KEY -->` and `<!-- dbguard docs: end -->`, each on a line of its own.
//! All other text is kept. A table has two regions, its heading and its details; the first paragraph that people write between
//! the two is its description.

use std::collections::BTreeSet;

const BEGIN: &str = "<!-- dbguard docs: ";
const CLOSE: &str = " -->";
const END: &str = "end";
const HEADING: &str = "heading ";
const DETAILS: &str = "table ";
/// A line that begins so holds what changes with every row; a page is not stale for it.
pub const ROWS: &str = "- Rows: ";

/// A mark of a page that cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// 1-based.
    pub line: usize,
    pub message: String,
}

/// A page as it stands in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    pieces: Vec<Piece>,
    /// Lines end in carriage return and line feed.
    crlf: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// Whole lines that people wrote.
    Written(String),
    Generated {
        key: String,
        body: String,
    },
}

/// What is generated: parts of the whole page, then each table or view.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    /// Key (one word) and text, in their order; they stand before all tables.
    pub whole: Vec<(&'static str, String)>,
    pub entries: Vec<Entry>,
}

/// A table or a view on a page. Texts end without a line feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub heading: String,
    pub details: String,
}

impl Page {
    /// Reads a page.
    ///
    /// # Errors
    /// A mark without its other half, one inside another, or the same one twice.
    pub fn read(text: &str) -> Result<Self, Damage> {
        let crlf = text.split_once('\n').is_some_and(|(first, _)| first.ends_with('\r'));
        let mut page = Self { pieces: Vec::new(), crlf };
        let mut seen = BTreeSet::new();
        let mut open: Option<(usize, String, String)> = None;
        for (index, line) in text.lines().enumerate() {
            let damage = |message: String| Damage { line: index + 1, message };
            match (mark(line), &mut open) {
                (Some(END), _) => match open.take() {
                    Some((_, key, body)) => page.pieces.push(Piece::Generated { key, body }),
                    None => return Err(damage("a generated part ends that never began".to_owned())),
                },
                (Some(key), None) => {
                    if !seen.insert(key.to_owned()) {
                        return Err(damage(format!("the part `{key}` is there twice")));
                    }
                    open = Some((index + 1, key.to_owned(), String::new()));
                }
                (Some(key), Some(_)) => return Err(damage(format!("the part `{key}` begins inside another"))),
                (None, Some((_, _, body))) => append_line(body, line),
                (None, None) => match page.pieces.last_mut() {
                    Some(Piece::Written(words)) => append_line(words, line),
                    _ => page.pieces.push(Piece::Written(format!("{line}\n"))),
                },
            }
        }
        match open {
            Some((line, key, _)) => Err(Damage { line, message: format!("the generated part `{key}` does not end") }),
            None => Ok(page),
        }
    }

    /// Whether any part of it is generated, or nothing stands in it at all.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        let blank = |piece: &Piece| matches!(piece, Piece::Written(words) if words.trim().is_empty());
        self.pieces.iter().any(|it| matches!(it, Piece::Generated { .. })) || self.pieces.iter().all(blank)
    }

    /// What people wrote of a table: the first paragraph below its heading, as one line.
    #[must_use]
    pub fn description(&self, table: &str) -> Option<String> {
        let at = self.position(&key(HEADING, table))?;
        let Some(Piece::Written(words)) = self.pieces.get(at + 1) else { return None };
        let paragraph = |block: &&str| !block.trim().is_empty() && !block.trim_start().starts_with("<!--");
        let lines: Vec<&str> = words.lines().map(str::trim).collect();
        let blocks = lines.join("\n");
        let first = blocks.split("\n\n").find(paragraph)?;
        Some(super::describe::one_line(first))
    }

    /// The page with what is generated replaced, what is new added, and what people wrote kept.
    #[must_use]
    pub fn renewed(&self, parts: &Parts) -> Self {
        let mut page = Self { pieces: Vec::new(), crlf: self.crlf };
        for (at, piece) in self.pieces.iter().enumerate() {
            match piece {
                Piece::Written(_) => page.pieces.push(piece.clone()),
                Piece::Generated { key, .. } => {
                    let body = parts.body(key).or_else(|| self.left_over(at, key));
                    page.pieces.extend(body.map(|body| Piece::Generated { key: key.clone(), body }));
                }
            }
        }
        page.put_whole(&parts.whole);
        for (index, entry) in parts.entries.iter().enumerate() {
            page.put_entry(entry, parts.entries.get(index + 1..).unwrap_or_default());
        }
        page
    }

    /// The page with one part written anew where it stands, or added at its end. Everything else stays.
    #[must_use]
    pub fn with_part(&self, key: &str, body: &str) -> Self {
        let mut page = self.clone();
        let part = generated(key, body);
        match page.position(key).and_then(|at| page.pieces.get_mut(at)) {
            Some(piece) => *piece = part,
            None => {
                if !page.ends_blank() {
                    page.pieces.push(Piece::Written("\n".to_owned()));
                }
                page.pieces.push(part);
            }
        }
        page
    }

    /// What stays of a part that is not generated any more. A table that is gone keeps its heading while people's words stand
    /// below it; parts that this run does not make are another command's.
    fn left_over(&self, at: usize, key: &str) -> Option<String> {
        let Piece::Generated { body, .. } = self.pieces.get(at)? else { return None };
        if key.starts_with(DETAILS) {
            return None;
        }
        if !key.starts_with(HEADING) {
            return Some(body.clone());
        }
        let words_below = matches!(self.pieces.get(at + 1), Some(Piece::Written(words)) if !words.trim().is_empty());
        let heading = body.lines().next().unwrap_or("");
        words_below.then(|| format!("{heading}\n\n*Not in the database any more.*\n"))
    }

    fn put_whole(&mut self, whole: &[(&'static str, String)]) {
        let mut at = 0;
        for (key, body) in whole {
            match self.position(key) {
                Some(found) => at = found + 1,
                None => {
                    self.pieces.insert(at, generated(key, body));
                    self.pieces.insert(at + 1, Piece::Written("\n".to_owned()));
                    at += 2;
                }
            }
        }
    }

    fn put_entry(&mut self, entry: &Entry, later: &[Entry]) {
        let (heading, details) = (key(HEADING, &entry.name), key(DETAILS, &entry.name));
        let parts = [generated(&heading, &entry.heading), generated(&details, &entry.details)];
        let [first, second] = parts;
        match (self.position(&heading), self.position(&details)) {
            (Some(_), Some(_)) => {}
            (Some(at), None) => {
                // Below what people wrote.
                let after = match self.pieces.get(at + 1) {
                    Some(Piece::Written(_)) => at + 2,
                    _ => at + 1,
                };
                self.pieces.insert(after, second);
            }
            (None, Some(at)) => {
                self.pieces.insert(at, first);
                self.pieces.insert(at + 1, Piece::Written("\n".to_owned()));
            }
            (None, None) => {
                let next = later.iter().find_map(|it| self.position(&key(HEADING, &it.name)));
                let at = next.unwrap_or(self.pieces.len());
                let blank = || Piece::Written("\n".to_owned());
                let mut new = vec![first, blank(), second];
                if next.is_some() {
                    new.push(blank());
                } else if !self.ends_blank() {
                    new.insert(0, blank());
                }
                self.pieces.splice(at..at, new);
            }
        }
    }

    fn ends_blank(&self) -> bool {
        match self.pieces.last() {
            None => true,
            Some(Piece::Written(words)) => words == "\n" || words.ends_with("\n\n"),
            Some(Piece::Generated { .. }) => false,
        }
    }

    fn position(&self, key: &str) -> Option<usize> {
        self.pieces.iter().position(|it| matches!(it, Piece::Generated { key: own, .. } if own == key))
    }

    /// The page as text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Written(words) => text.push_str(words),
                Piece::Generated { key, body } => {
                    text.push_str(&format!("{BEGIN}{key}{CLOSE}\n{body}{BEGIN}{END}{CLOSE}\n"));
                }
            }
        }
        if self.crlf { text.replace('\n', "\r\n") } else { text }
    }

    /// The names of parts that differ from those of another page, but for how many rows there are.
    #[must_use]
    pub fn differing(&self, other: &Self) -> Vec<String> {
        let of = |page: &Self| -> Vec<(String, String)> {
            let parts = page.pieces.iter().filter_map(|piece| match piece {
                Piece::Generated { key, body } => Some((key.clone(), without_rows(body))),
                Piece::Written(_) => None,
            });
            parts.collect()
        };
        let (ours, theirs) = (of(self), of(other));
        let changed =
            ours.iter().filter(|it| !theirs.contains(it)).chain(theirs.iter().filter(|it| !ours.contains(it)));
        let names: BTreeSet<String> = changed.map(|(key, _)| named(key)).collect();
        names.into_iter().collect()
    }
}

impl Parts {
    fn body(&self, wanted: &str) -> Option<String> {
        let whole = self.whole.iter().find(|(key, _)| *key == wanted).map(|(_, body)| body);
        let entry = || {
            self.entries.iter().find_map(|entry| match wanted {
                _ if wanted == key(HEADING, &entry.name) => Some(&entry.heading),
                _ if wanted == key(DETAILS, &entry.name) => Some(&entry.details),
                _ => None,
            })
        };
        whole.or_else(entry).map(|body| ended(body))
    }
}

fn generated(key: &str, body: &str) -> Piece {
    Piece::Generated { key: key.to_owned(), body: ended(body) }
}

/// A text as it may stand in a part: nothing in it ends its lines in another way, or is a mark.
fn ended(body: &str) -> String {
    let body = body.replace("\r\n", "\n").replace('\r', "\n");
    let mut ended = String::with_capacity(body.len() + 1);
    for line in body.trim_end_matches('\n').split('\n') {
        if mark(line).is_some() {
            ended.push(' ');
        }
        append_line(&mut ended, line);
    }
    ended
}

fn append_line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

fn without_rows(body: &str) -> String {
    body.lines().filter(|line| !line.starts_with(ROWS)).collect::<Vec<_>>().join("\n")
}

/// What stands in a mark.
fn mark(line: &str) -> Option<&str> {
    line.trim_end().strip_prefix(BEGIN)?.strip_suffix(CLOSE).filter(|key| !key.is_empty())
}

/// The key of a table's part. Whatever could end the comment, or look like another name, is spelled out.
fn key(kind: &str, name: &str) -> String {
    let mut key = kind.to_owned();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.' {
            key.push(char::from(byte));
        } else {
            key.push_str(&format!("%{byte:02X}"));
        }
    }
    key
}

/// A key for people: the name that stands in it.
fn named(key: &str) -> String {
    let Some(coded) = key.strip_prefix(HEADING).or_else(|| key.strip_prefix(DETAILS)) else { return key.to_owned() };
    let mut bytes = Vec::new();
    let mut parts = coded.split('%');
    bytes.extend(parts.next().unwrap_or("").bytes());
    for part in parts {
        let (code, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        bytes.extend(u8::from_str_radix(code, 16).ok());
        bytes.extend(rest.bytes());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(tables: &[&str]) -> Parts {
        let entry = |name: &&str| Entry {
            name: (*name).to_owned(),
            heading: format!("## {name}"),
            details: format!("about {name}\n- Rows: 3"),
        };
        Parts { whole: vec![("overview", "# Database".to_owned())], entries: tables.iter().map(entry).collect() }
    }

    #[test]
    fn what_people_wrote_stays_through_tables_that_come_go_and_return() {
        let first = Page::default().renewed(&parts(&["a", "c"])).text();
        let written = first.replace(
            "heading a -->\n## a\n<!-- dbguard docs: end -->\n",
            "heading a -->\n## a\n<!-- dbguard docs: end -->\n\nWhat a is.\nStill a.\n\nMore of a.\n",
        );
        let written = format!("Before.\n\n{written}\n## Notes\n\nBehind.\n");
        let page = Page::read(&written).unwrap();
        assert_eq!(page.description("a").as_deref(), Some("What a is. Still a."));
        assert_eq!(page.description("c"), None);
        assert_eq!(page.text(), written);
        let more = page.renewed(&parts(&["a", "b", "c", "d"]));
        let text = more.text();
        let order: Vec<usize> = ["Before.", "# Database", "What a is.", "about a", "## b", "## c", "Behind.", "## d"]
            .iter()
            .map(|words| text.find(words).unwrap_or_else(|| panic!("{words} in {text}")))
            .collect();
        assert!(order.is_sorted(), "{text}");
        assert_eq!(more.renewed(&parts(&["a", "b", "c", "d"])), more, "twice is once");
        let gone = more.renewed(&parts(&["c"]));
        let text = gone.text();
        assert!(text.contains("*Not in the database any more.*") && text.contains("More of a."), "{text}");
        assert!(!text.contains("about a") && !text.contains("## b") && !text.contains("## d"), "{text}");
        let back = Page::read(&text).unwrap().renewed(&parts(&["a", "c"]));
        assert_eq!(back.description("a").as_deref(), Some("What a is. Still a."));
        assert!(back.text().contains("about a") && !back.text().contains("any more"), "{}", back.text());
    }

    #[test]
    fn names_cannot_break_a_mark_and_are_told_apart() {
        let odd = ["a b", "a%20b", "x --> y", "<!-- dbguard docs: end -->", "é", "A", "a", "a\nb", "", "%"];
        let entry = |name: &str| Entry {
            name: name.to_owned(),
            heading: "## h".to_owned(),
            details: "d\r\n<!-- dbguard docs: end -->\rx".to_owned(),
        };
        let parts = Parts { whole: Vec::new(), entries: odd.into_iter().map(entry).collect() };
        let page = Page::default().renewed(&parts);
        assert_eq!(Page::read(&page.text()).unwrap(), page);
        for name in odd {
            assert_eq!(named(&key(HEADING, name)), name);
        }
    }

    #[test]
    fn marks_that_cannot_be_are_told_with_their_line() {
        for (text, line, words) in [
            ("x\n<!-- dbguard docs: end -->\n", 2, "never began"),
            ("<!-- dbguard docs: overview -->\nx\n", 1, "does not end"),
            ("<!-- dbguard docs: a -->\n<!-- dbguard docs: b -->\n", 2, "inside another"),
            ("<!-- dbguard docs: a -->\n<!-- dbguard docs: end -->\n<!-- dbguard docs: a -->\n", 3, "twice"),
        ] {
            let damage = Page::read(text).unwrap_err();
            assert_eq!(damage.line, line, "{text}");
            assert!(damage.message.contains(words), "{damage:?}");
        }
    }

    #[test]
    fn rows_alone_make_no_page_stale_and_line_ends_stay() {
        let page = Page::default().renewed(&parts(&["a"]));
        let dos = page.text().replace('\n', "\r\n").replace("Rows: 3", "Rows: 9");
        let old = Page::read(&dos).unwrap();
        let new = old.renewed(&parts(&["a"]));
        assert_eq!(new.differing(&old), Vec::<String>::new());
        assert_eq!(new.text(), dos.replace("Rows: 9", "Rows: 3"));
        assert_eq!(new.renewed(&parts(&["a", "b b"])).differing(&old), ["b b"]);
    }
}
