//! Types of TypeScript whose keys are names of tables, as Kysely asks for them: which are handed to it, and what their declarations
//! say. Reads text, and renames nothing.

use std::ops::Range;
use std::sync::Arc;

use super::ir::Module;

/// What Kysely hands a type of all tables to. Data.
const TAKE_TYPES: [&str; 4] = ["Kysely<", "Transaction<", "ControlledTransaction<", "SqliteDialect<"];

/// A type that is declared with keys of its own.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Declared {
    pub(super) name: String,
    /// Types whose keys it has as well.
    pub(super) parents: Vec<String>,
    /// Its own keys and where they stand, without quotes.
    pub(super) keys: Vec<(String, Range<usize>)>,
    /// It is put together in a way that is not understood.
    pub(super) opaque: bool,
}

/// All types of a tree whose keys are names of tables.
#[derive(Debug, Default)]
pub(super) struct TableTypes {
    /// One that is written out for Kysely has no name.
    pub(super) names: Vec<String>,
    /// One of them that is put together in a way that is not understood.
    pub(super) opaque: Option<String>,
    /// Names that code says are turned into others (`userRoles`, `user_roles`).
    pub(super) respelled: bool,
}

impl TableTypes {
    pub(super) fn of(modules: impl Iterator<Item = Arc<Module>>) -> Self {
        let mut found = Self::default();
        let mut all: Vec<Declared> = Vec::new();
        let mut imported: Vec<String> = Vec::new();
        for module in modules {
            let text = &module.source.text;
            found.respelled |= text.contains("CamelCasePlugin");
            let mut own = Vec::new();
            if ["interface ", "type ", "Kysely<"].iter().any(|sign| text.contains(sign)) {
                own = declared(text);
            }
            for name in handed(text) {
                let is_imported = imports(text, &name);
                if is_imported {
                    imported.push(name.clone());
                }
                // Else it is a parameter of a class or a function.
                let is_type = is_imported || own.iter().any(|own| own.name == name);
                if is_type && !found.names.contains(&name) {
                    found.names.push(name);
                }
            }
            // Where the keys stand is asked of each module when it is its turn.
            all.extend(own.into_iter().map(|own| Declared { keys: Vec::new(), ..own }));
        }
        let mut at = 0;
        while let Some(name) = found.names.get(at).cloned() {
            at += 1;
            if imported.contains(&name) && !all.iter().any(|own| own.name == name) {
                found.opaque.get_or_insert_with(|| name.clone());
            }
            for own in all.iter().filter(|own| own.name == name) {
                if own.opaque {
                    found.opaque.get_or_insert_with(|| name.clone());
                }
                for parent in &own.parents {
                    if !found.names.contains(parent) {
                        found.names.push(parent.clone());
                    }
                }
            }
        }
        found
    }
}

/// Whether a text imports a name: one that it does not may be a parameter of a class.
fn imports(text: &str, name: &str) -> bool {
    text.split("import ").skip(1).any(|rest| {
        let names = rest.split(" from ").next().unwrap_or("");
        !names.contains(';') && names.split(|letter| !is_letter(letter)).any(|word| word == name)
    })
}

/// The names of types that are handed to Kysely: `Database` of `new Kysely<Database>(..)`. A type that is written out there is empty.
pub(super) fn handed(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for sign in TAKE_TYPES {
        for (at, _) in text.match_indices(sign) {
            if text.get(..at).is_some_and(|before| before.ends_with(is_letter)) {
                continue;
            }
            let rest = text.get(at + sign.len()..).unwrap_or("").trim_start();
            let name = word(rest);
            let known = ["any", "unknown", "never"].contains(&name) || found.iter().any(|own| own == name);
            if !known && (!name.is_empty() || rest.starts_with('{')) {
                found.push(name.to_owned());
            }
        }
    }
    found
}

/// Every type that a text declares with keys, or by other such types; one that is written out for Kysely has no name.
pub(super) fn declared(text: &str) -> Vec<Declared> {
    let masked = without_comments(text);
    let mut found = Vec::new();
    for (sign, interface) in [("interface ", true), ("type ", false)] {
        for (at, _) in masked.match_indices(sign) {
            if masked.get(..at).is_some_and(|before| before.ends_with(is_letter)) {
                continue;
            }
            let mut reader = Reader { text: &masked, at: at + sign.len() };
            found.extend(reader.declaration(interface));
        }
    }
    for sign in TAKE_TYPES {
        for (at, _) in masked.match_indices(sign) {
            let mut reader = Reader { text: &masked, at: at + sign.len() };
            reader.blanks();
            if reader.rest().starts_with('{') {
                let mut own = nameless(String::new());
                reader.body(&mut own);
                found.push(own);
            }
        }
    }
    found
}

/// Where a type names one of these tables (in small letters) otherwise than by a key: `Database["users"]`, `ExpressionBuilder<Database, "users">`.
pub(super) fn asked(text: &str, types: &[String], tables: &[String]) -> Vec<Range<usize>> {
    let masked = without_comments(text);
    let lower = masked.to_ascii_lowercase();
    let mut found = Vec::new();
    for table in tables {
        for quote in ['"', '\''] {
            for (at, literal) in lower.match_indices(&format!("{quote}{table}{quote}")) {
                let before = masked.get(..at).unwrap_or("").trim_end();
                let of_index = before.strip_suffix('[').map(last_word);
                let is_it = |name: &str| types.iter().any(|own| own == name);
                if of_index.is_some_and(is_it) || first_of_list(before).is_some_and(is_it) {
                    found.push(at + 1..at + literal.len() - 1);
                }
            }
        }
    }
    found
}

/// The first of a list of types that is not closed yet: `Database` in `ExpressionBuilder<Database, "posts" | `.
fn first_of_list(before: &str) -> Option<&str> {
    let is_part = |letter: char| is_letter(letter) || "\"' |,.\n\r\t".contains(letter);
    let open = before.rfind(|letter: char| !is_part(letter))?;
    let list = before.get(open..)?.strip_prefix('<')?;
    let (first, _) = list.split_once(',')?;
    Some(first.trim())
}

fn nameless(name: String) -> Declared {
    Declared { name, parents: Vec::new(), keys: Vec::new(), opaque: false }
}

fn is_letter(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '$')
}

fn word(text: &str) -> &str {
    text.split(|letter| !is_letter(letter)).next().unwrap_or("")
}

fn last_word(text: &str) -> &str {
    text.rsplit(|letter| !is_letter(letter)).next().unwrap_or("")
}

/// The same text with blanks for comments, as long as before.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut quote: Option<char> = None;
    while let Some(letter) = rest.chars().next() {
        let end = match quote {
            None if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            None if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            _ => 0,
        };
        if let (Some(comment), Some(behind)) = (rest.get(..end).filter(|comment| !comment.is_empty()), rest.get(end..))
        {
            out.extend(comment.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
            rest = behind;
            continue;
        }
        match quote {
            // A quote of one line ends with it.
            Some(open) if letter == open || letter == '\n' && open != '`' => quote = None,
            None if matches!(letter, '"' | '\'' | '`') => quote = Some(letter),
            _ => {}
        }
        let escaped = letter == '\\' && quote.is_some();
        let length = letter.len_utf8()
            + rest.get(1..).filter(|_| escaped).and_then(|next| next.chars().next()).map_or(0, char::len_utf8);
        out.push_str(rest.get(..length).unwrap_or(""));
        rest = rest.get(length..).unwrap_or("");
    }
    out
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn eat(&mut self, sign: &str) -> bool {
        self.blanks();
        let is_it = self.rest().starts_with(sign);
        if is_it {
            self.at += sign.len();
        }
        is_it
    }

    fn word(&mut self) -> &'t str {
        self.blanks();
        let found = word(self.rest());
        self.at += found.len();
        found
    }

    /// Goes behind brackets that open here.
    fn brackets(&mut self) -> bool {
        let mut depth = 0_usize;
        let mut quote: Option<char> = None;
        let mut last = ' ';
        for (at, letter) in self.rest().char_indices() {
            match (quote, letter) {
                (Some(open), _) if letter == open => quote = None,
                (Some(_), _) => {}
                (None, '"' | '\'' | '`') => quote = Some(letter),
                (None, '<' | '{' | '(' | '[') => depth += 1,
                (None, '>') if last == '=' => {}
                (None, '>' | '}' | ')' | ']') => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        self.at += at + 1;
                        return true;
                    }
                }
                _ => {}
            }
            last = letter;
        }
        false
    }

    fn declaration(&mut self, interface: bool) -> Option<Declared> {
        let name = self.word();
        if name.is_empty() {
            return None;
        }
        let mut own = nameless(name.to_owned());
        self.blanks();
        if self.rest().starts_with('<') && !self.brackets() {
            return None;
        }
        if interface {
            if self.eat("extends ") {
                loop {
                    self.parent(&mut own);
                    if !self.eat(",") {
                        break;
                    }
                }
            }
            self.blanks();
            return self.rest().starts_with('{').then(|| {
                self.body(&mut own);
                own
            });
        }
        if !self.eat("=") {
            return None;
        }
        self.eat("&");
        loop {
            self.blanks();
            if self.rest().starts_with('{') {
                self.body(&mut own);
            } else {
                self.parent(&mut own);
            }
            if !self.eat("&") {
                break;
            }
        }
        // `A | B`, `A["b"]`, `A extends B ? ..`
        self.blanks();
        own.opaque |= ["|", "[", "extends "].iter().any(|sign| self.rest().starts_with(sign));
        Some(own)
    }

    /// Another type by its name.
    fn parent(&mut self, own: &mut Declared) {
        let name = self.word();
        self.blanks();
        let plain = !name.is_empty() && !self.rest().starts_with(['<', '.', '(']);
        own.opaque |= !plain || matches!(name, "typeof" | "keyof");
        if self.rest().starts_with('<') {
            self.brackets();
        }
        own.parents.push(name.to_owned());
    }

    /// `{ users: User; readonly "posts"?: Post }`
    fn body(&mut self, own: &mut Declared) {
        let start = self.at;
        if !self.brackets() {
            own.opaque = true;
            return;
        }
        let end = self.at;
        self.at = start + 1;
        while self.at + 1 < end {
            self.blanks();
            if self.eat("}") || self.at + 1 >= end {
                break;
            }
            if self.eat(";") || self.eat(",") {
                continue;
            }
            if !self.member(own, end) {
                own.opaque = true;
                break;
            }
        }
        self.at = end;
    }

    fn member(&mut self, own: &mut Declared, end: usize) -> bool {
        if self.rest().starts_with("readonly ") {
            self.at += "readonly ".len();
            self.blanks();
        }
        let quote = self.rest().chars().next().filter(|first| matches!(first, '"' | '\''));
        let from = self.at + usize::from(quote.is_some());
        let rest = self.text.get(from..end).unwrap_or("");
        let length = match quote {
            Some(quote) => rest.find(quote).unwrap_or(0),
            None => word(rest).len(),
        };
        if length == 0 {
            return false;
        }
        let key = from..from + length;
        self.at = key.end + usize::from(quote.is_some());
        self.eat("?");
        if !self.eat(":") {
            return false;
        }
        own.keys.push((self.text.get(key.clone()).unwrap_or("").to_owned(), key));
        // What the key stands for ends with its line, where nothing is left open.
        self.blanks();
        let mut last = ':';
        while self.at + 1 < end {
            let Some(letter) = self.rest().chars().next() else { break };
            match letter {
                ';' | ',' => break,
                '\n' if !matches!(last, '|' | '&' | ':' | '=') => {
                    let next = self.rest().trim_start();
                    if !next.starts_with(['|', '&']) {
                        break;
                    }
                    self.at += 1;
                }
                '<' | '{' | '(' | '[' => {
                    if !self.brackets() {
                        return false;
                    }
                    last = ')';
                    continue;
                }
                _ => {
                    last = if letter.is_whitespace() { last } else { letter };
                    self.at += letter.len_utf8();
                    continue;
                }
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<(String, Vec<String>, Vec<String>, bool)> {
        declared(text)
            .into_iter()
            .map(|own| {
                for (key, at) in &own.keys {
                    assert_eq!(&text[at.clone()], key);
                }
                (own.name, own.parents, own.keys.into_iter().map(|(key, _)| key).collect(), own.opaque)
            })
            .collect()
    }

    #[test]
    fn declarations_and_their_keys() {
        for (text, name, parents, own, opaque) in [
            ("export interface DB {\n  users: User\n  'posts'?: Post;\n}", "DB", "", "users posts", false),
            (
                "interface DB extends A, B { /* x: y */ readonly users: Table<{ id: number; b: 1 }>, x: 1 }",
                "DB",
                "A B",
                "users x",
                false,
            ),
            (
                "type DB = {\n  users: // people\n    | A\n    | B\n  posts: (a: B) => C\n} & Rest;\ntype X = 1",
                "DB",
                "Rest",
                "users posts",
                false,
            ),
            ("type DB = Other", "DB", "Other", "", false),
            ("type DB = { [K in Name]: Table }", "DB", "", "", true),
            ("type DB = Omit<A, 'users'>", "DB", "Omit", "", true),
            ("type DB = A['b']", "DB", "A", "", true),
            ("new Kysely<{ users: User }>({})", "", "", "users", false),
        ] {
            let words = |words: &str| words.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(keys(text).first(), Some(&(name.to_owned(), words(parents), words(own), opaque)), "{text}");
        }
        // No bytes make it panic.
        for text in
            ["type ", "interface A", "type A = {", "type A = { 'b", "interface é { é: ", "type A<", "new Kysely<{"]
        {
            let _ = (declared(text), handed(text), asked(text, &["A".to_owned()], &["b".to_owned()]));
        }
    }

    #[test]
    fn types_that_are_handed_over() {
        assert_eq!(
            handed("x: Kysely<DB>, y: Transaction< DB >, z: Kysely<any>; MyKysely<C>; new Kysely<{ a: b }>"),
            ["DB", ""]
        );
    }

    #[test]
    fn tables_that_types_ask_for() {
        let text = "type A = DB['users']; f<DB, 'posts' | 'users'>(x); // DB['users']\ng<X, 'users'>(); h('users')";
        let found = asked(text, &["DB".to_owned()], &["users".to_owned()]);
        let at: Vec<usize> = found.iter().map(|at| at.start).collect();
        assert_eq!(at, [13, text.find("users'>").unwrap()]);
    }
}
