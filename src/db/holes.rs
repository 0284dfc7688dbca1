//! Ways to fill the parts of a statement that code puts in when it runs, so that SQLite can read the rest. Knows no code.

/// Stands in a statement for a part that code fills in with text.
pub const HOLE: char = '\u{FFFC}';

/// Texts that are tried for one statement.
const MOST: usize = 160;

/// The result of a query that code fills in whole: it has the columns that the statement around it asks for.
pub(super) const INNER: &str = "1 AS dbguard_x";

/// Words after which a table's name stands.
const BEFORE_TABLE: [&str; 7] = ["FROM", "JOIN", "INTO", "UPDATE", "TABLE", "EXISTS", "REFERENCES"];

/// What a statement may read, once its holes are filled.
pub(super) struct Ways {
    /// For each table that a hole may name, the texts of which one must compile; one group where no hole names a table.
    pub(super) groups: Vec<Vec<String>>,
    pub(super) names_table: bool,
    /// A hole may bring tables, and so columns, of its own.
    pub(super) may_join: bool,
    /// A hole stands among the result columns.
    pub(super) open_columns: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Quoted,
    Text,
    Sign,
    Hole,
}

struct Token<'a> {
    kind: Kind,
    text: &'a str,
    start: usize,
}

impl Token<'_> {
    fn is_holed(&self) -> bool {
        self.text.contains(HOLE)
    }
}

/// Fills every hole of `sql`. `tables` are those that a hole may name, `columns` gives the columns of a table.
pub(super) fn ways(sql: &str, tables: &[String], columns: &dyn Fn(&str) -> Vec<String>) -> Ways {
    let tokens = tokens(sql);
    let holed: Vec<usize> = (0..tokens.len()).filter(|&at| tokens[at].is_holed()).collect();
    let is_table =
        |at: usize| matches!(tokens[at].kind, Kind::Word | Kind::Quoted | Kind::Hole) && names_table(&tokens, at);
    let names_table = holed.iter().any(|&at| is_table(at));
    let read = Statement { tokens: &tokens };
    let mut ways = Ways { groups: Vec::new(), names_table, may_join: false, open_columns: false };
    for &at in &holed {
        ways.open_columns |= read.is_result(at);
        ways.may_join |= tokens[at].kind == Kind::Hole && !is_table(at) && read.is_open(at);
    }
    let fitting: Vec<Option<&str>> = if names_table {
        let fits = |table: &&String| holed.iter().all(|&at| !is_table(at) || fits(tokens[at].text, table));
        tables.iter().filter(fits).map(|table| Some(table.as_str())).collect()
    } else {
        vec![None]
    };
    for table in fitting {
        let own = table.or_else(|| read.table()).map(columns).unwrap_or_default();
        let mut between = Vec::new();
        let mut choices: Vec<Vec<String>> = Vec::new();
        let mut from = 0;
        for &at in &holed {
            let token = &tokens[at];
            between.push(sql.get(from..token.start).unwrap_or(""));
            from = token.start + token.text.len();
            let options = match (token.kind, table) {
                (Kind::Text, _) => vec![token.text.replace(HOLE, "x")],
                (_, Some(table)) if is_table(at) => vec![super::quote(table)],
                (Kind::Hole, _) => read.options(at, &own),
                _ => own.iter().take(8).map(|column| super::quote(column)).chain(["x".to_owned()]).collect(),
            };
            choices.push(options);
        }
        let rest = sql.get(from..).unwrap_or("");
        let text = |picked: &[usize]| {
            let filled = between.iter().zip(&choices).zip(picked);
            let mut text: String = filled
                .flat_map(|((between, options), &pick)| [*between, options.get(pick).map_or("", String::as_str)])
                .collect();
            text.push_str(rest);
            text
        };
        ways.groups
            .push(picks(&choices.iter().map(Vec::len).collect::<Vec<_>>()).iter().map(|picked| text(picked)).collect());
    }
    ways
}

/// Choices among as many options each: the likeliest of all first, then with one other, then with two.
fn picks(options: &[usize]) -> Vec<Vec<usize>> {
    let first = vec![0; options.len()];
    let mut found = vec![first.clone()];
    for (hole, &count) in options.iter().enumerate() {
        for option in 1..count {
            let mut one = first.clone();
            if let Some(pick) = one.get_mut(hole) {
                *pick = option;
            }
            found.push(one.clone());
        }
    }
    let singles = found.len();
    for index in 1..singles {
        for (hole, &count) in options.iter().enumerate() {
            let Some(one) = found.get(index).cloned() else { continue };
            if one.iter().skip(hole).any(|&pick| pick > 0) {
                continue;
            }
            for option in 1..count {
                let mut two = one.clone();
                if let Some(pick) = two.get_mut(hole) {
                    *pick = option;
                }
                found.push(two);
            }
        }
        if found.len() > MOST {
            break;
        }
    }
    found.truncate(MOST);
    found
}

/// Whether a table may stand where a name does that code fills in a part of.
fn fits(holed: &str, table: &str) -> bool {
    let bare = holed.trim_matches(['"', '`', '[', ']']);
    let (Some(first), Some(last)) = (bare.find(HOLE), bare.rfind(HOLE)) else { return false };
    let (head, tail) = (bare.get(..first).unwrap_or(""), bare.get(last + HOLE.len_utf8()..).unwrap_or(""));
    let (table, head, tail) = (table.to_ascii_lowercase(), head.to_ascii_lowercase(), tail.to_ascii_lowercase());
    table.len() >= head.len() + tail.len() && table.starts_with(&head) && table.ends_with(&tail)
}

/// `FROM {table}`, `INSERT INTO {table}`; what a CREATE or DROP names may be any name.
fn names_table(tokens: &[Token<'_>], at: usize) -> bool {
    let first = tokens.first().map_or("", |token| token.text);
    let Some(before) = at.checked_sub(1).and_then(|at| tokens.get(at)) else { return false };
    if ["CREATE", "DROP", "PRAGMA"].iter().any(|word| first.eq_ignore_ascii_case(word)) && !is_word(before, "ON") {
        return false;
    }
    let index = first.eq_ignore_ascii_case("CREATE") && is_word(before, "ON");
    let exists = is_word(before, "EXISTS") && tokens.get(at + 1).is_some_and(|next| next.text == "(");
    let conflict = at >= 2 && is_word(&tokens[at - 1], "UPDATE") && is_word(&tokens[at - 2], "DO");
    !exists && !conflict && (index || BEFORE_TABLE.iter().any(|word| is_word(before, word)))
}

fn is_word(token: &Token<'_>, word: &str) -> bool {
    token.kind == Kind::Word && token.text.eq_ignore_ascii_case(word)
}

struct Statement<'t, 'a> {
    tokens: &'t [Token<'a>],
}

impl Statement<'_, '_> {
    fn before(&self, at: usize) -> &str {
        at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or("", |token| token.text)
    }

    fn is(&self, at: usize, words: &[&str]) -> bool {
        self.tokens.get(at).is_some_and(|token| words.iter().any(|word| token.text.eq_ignore_ascii_case(word)))
    }

    /// The table that the statement is about.
    fn table(&self) -> Option<&str> {
        let at = (1..self.tokens.len()).find(|&at| {
            matches!(self.tokens[at].kind, Kind::Word | Kind::Quoted)
                && self.is(at - 1, &["INTO", "UPDATE", "FROM", "TABLE"])
                && !self.is(at, &["OR", "SELECT", "IF"])
                || self.tokens[at].kind == Kind::Word
                    && at > 2
                    && self.is(at - 3, &["UPDATE"])
                    && self.is(at - 2, &["OR"])
        })?;
        Some(self.tokens[at].text.trim_matches(['"', '`', '[', ']']))
    }

    /// The hole stands between clauses, where a JOIN may stand as well.
    fn is_open(&self, at: usize) -> bool {
        let from = self.tokens.iter().take(at).any(|token| is_word(token, "FROM"));
        let ends = [
            "SELECT", "DISTINCT", "SET", "WHERE", "AND", "OR", "ON", "HAVING", "BY", "IN", "LIMIT", "OFFSET", "(", ",",
            "=", "<", ">", "LIKE", "VALUES",
        ];
        at == 0 || from && !self.is(at - 1, &ends)
    }

    /// The hole stands among the result columns of the outermost SELECT.
    fn is_result(&self, at: usize) -> bool {
        self.is(0, &["SELECT", "WITH"]) && !self.tokens.iter().take(at).any(|token| is_word(token, "FROM"))
    }

    /// The parenthesis that a token stands in, if any.
    fn opened(&self, at: usize) -> Option<usize> {
        let mut depth = 0usize;
        for index in (0..at).rev() {
            match self.tokens[index].text {
                ")" => depth += 1,
                "(" if depth == 0 => return Some(index),
                "(" => depth -= 1,
                _ => {}
            }
        }
        None
    }

    /// What stands in a parenthesis: pieces between its commas, without those that are holes.
    fn listed(&self, open: usize) -> Vec<&str> {
        let mut depth = 0usize;
        let mut listed = Vec::new();
        for index in open + 1..self.tokens.len() {
            match self.tokens[index].text {
                "(" => depth += 1,
                ")" if depth == 0 => break,
                ")" => depth -= 1,
                _ => {}
            }
            let starts = index == open + 1 || depth == 0 && self.tokens[index - 1].text == ",";
            if starts && self.tokens[index].text != "," && self.tokens[index].kind != Kind::Hole {
                listed.push(self.tokens[index].text);
            }
        }
        listed
    }

    fn is_insert(&self) -> bool {
        self.is(0, &["INSERT", "REPLACE"]) || self.is(0, &["WITH"])
    }

    /// The parenthesis with the columns of an INSERT.
    fn insert_list(&self) -> Option<usize> {
        let into = self.tokens.iter().position(|token| is_word(token, "INTO")).filter(|_| self.is_insert())?;
        (into + 2..(into + 5).min(self.tokens.len()))
            .find(|&at| self.tokens[at].text == "(" && !self.is(at - 1, &["VALUES"]))
    }

    /// As many placeholders as make the values fit the columns.
    fn values(&self, at: usize, own: &[String]) -> String {
        let there = self.opened(at).map_or(0, |open| self.listed(open).len());
        let wanted = match self.insert_list() {
            Some(list) if !self.has_hole(list) => self.listed(list).len(),
            _ => own.len(),
        };
        let missing = wanted.saturating_sub(there).max(1);
        vec!["?"; missing].join(", ")
    }

    fn has_hole(&self, open: usize) -> bool {
        (open + 1..self.tokens.len())
            .take_while(|&at| self.tokens[at].text != ")")
            .any(|at| self.tokens[at].kind == Kind::Hole)
    }

    /// What may stand at a hole, the likeliest first.
    fn options(&self, at: usize, own: &[String]) -> Vec<String> {
        let said = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        let columns = || own.iter().take(6).map(|column| super::quote(column)).collect::<Vec<_>>();
        let sets =
            || own.iter().rev().take(1).map(|column| format!("{} = ?", super::quote(column))).collect::<Vec<_>>();
        let next = self.tokens.get(at + 1).map_or("", |token| token.text);
        let before = self.before(at).to_ascii_uppercase();
        let open = self.opened(at);
        let in_values = open.is_some_and(|open| open > 0 && self.is(open - 1, &["VALUES", ","])) && self.is_insert();
        let in_columns = open.is_some() && open == self.insert_list();
        match before.as_str() {
            "SELECT" | "DISTINCT" | "ALL" => [said(&["*", "1"]), columns(), said(&[""])].concat(),
            "SET" | "," if next == "=" => columns(),
            "SET" => sets(),
            "VALUES" => vec![format!("({})", self.values(at, own))],
            "(" | "," if in_values => vec![self.values(at, own), "1".to_owned()],
            "(" if in_columns => {
                let all: Vec<String> = own.iter().map(|column| super::quote(column)).collect();
                [vec![all.join(", ")], columns()].concat()
            }
            "," if in_columns => {
                let there = self.listed(open.unwrap_or_default());
                let free = |column: &&String| {
                    !there.iter().any(|own| own.trim_matches(['"', '`']).eq_ignore_ascii_case(column))
                };
                own.iter().filter(free).map(|column| super::quote(column)).collect()
            }
            "(" if open.is_some_and(|open| open > 0 && self.is(open - 1, &["CONFLICT"])) => columns(),
            "(" if self.is(0, &["CREATE"]) => [said(&["x"]), columns()].concat(),
            "(" if open.is_some_and(|open| open > 0 && self.is(open - 1, &["FROM", "JOIN", "EXISTS", "AS", ","])) => {
                [vec![format!("SELECT {INNER}"), "1".to_owned()], columns()].concat()
            }
            "(" => [said(&["1", "*", "SELECT 1"]), columns()].concat(),
            "," if self.is(0, &["UPDATE"]) || self.is_insert() => [sets(), said(&["1"])].concat(),
            "," => [said(&["1"]), columns(), said(&["x", "(1)"])].concat(),
            "IN" => said(&["(1)"]),
            "PRAGMA" => said(&["user_version"]),
            "ADD" | "COLUMN" | "TO" => [said(&["dbguard_x"]), columns()].concat(),
            "." => [columns(), said(&["*"])].concat(),
            "WHERE" | "AND" | "OR" | "ON" | "HAVING" | "NOT" | "WHEN" | "THEN" | "ELSE" | "LIMIT" | "OFFSET"
            | "BETWEEN" | "LIKE" | "GLOB" | "IS" | "CASE" | "BY" | "=" | "<" | ">" | "+" | "-" | "*" | "/" | "|" => {
                [said(&["1"]), columns(), said(&["1 = 1", ""])].concat()
            }
            "MATCH" => said(&["'x'"]),
            "TABLE" | "VIEW" | "INDEX" | "TRIGGER" | "EXISTS" => said(&["dbguard_x", "(SELECT 1)", "SELECT 1"]),
            _ => said(&[
                "",
                "WHERE 1",
                "AND 1",
                "1",
                "= 1",
                "ORDER BY 1",
                "ASC",
                "LIMIT 1",
                ", 1",
                "IN (1)",
                "OR 1",
                "x",
                "TEXT",
            ]),
        }
    }
}

fn tokens(sql: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = sql.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(first) = rest.chars().next() else { break };
        let until = |end: &str, skip: usize| {
            rest.get(skip..).and_then(|rest| rest.find(end)).map(|length| skip + length + end.len())
        };
        let word = |c: char| c.is_alphanumeric() || c == '_' || c == '$' || c == HOLE;
        let (kind, length) = match first {
            _ if first.is_whitespace() => (None, first.len_utf8()),
            '-' if rest.starts_with("--") => (None, until("\n", 2).unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => (None, until("*/", 2).unwrap_or(rest.len())),
            '\'' => (Some(Kind::Text), until("'", 1).unwrap_or(1)),
            '"' | '`' => (Some(Kind::Quoted), until(first.encode_utf8(&mut [0; 4]), 1).unwrap_or(1)),
            '[' => (Some(Kind::Quoted), until("]", 1).unwrap_or(1)),
            HOLE if !rest
                .get(first.len_utf8()..)
                .is_some_and(|rest| rest.starts_with(|c: char| word(c) && c != HOLE)) =>
            {
                (Some(Kind::Hole), first.len_utf8())
            }
            _ if word(first) => (Some(Kind::Word), rest.find(|c: char| !word(c)).unwrap_or(rest.len())),
            _ => (Some(Kind::Sign), first.len_utf8()),
        };
        if let (Some(kind), Some(text)) = (kind, rest.get(..length)) {
            found.push(Token { kind, text, start: at });
        }
        at += length;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(sql: &str) -> String {
        let columns = |table: &str| match table {
            "users" => vec!["id".to_owned(), "name".to_owned()],
            _ => Vec::new(),
        };
        let sql = sql.replace('_', "\u{FFFC}");
        let ways = ways(&sql, &["users".to_owned()], &columns);
        ways.groups.first().and_then(|texts| texts.first()).cloned().unwrap_or_default()
    }

    #[test]
    fn what_stands_around_a_hole_says_what_fills_it() {
        for (sql, filled) in [
            ("SELECT _ FROM users", "SELECT * FROM users"),
            ("SELECT id FROM _ WHERE id IN (_)", "SELECT id FROM \"users\" WHERE id IN (1)"),
            ("INSERT INTO users(_) VALUES (_)", "INSERT INTO users(\"id\", \"name\") VALUES (?, ?)"),
            ("INSERT INTO users(id, _) VALUES (?, _)", "INSERT INTO users(id, \"name\") VALUES (?, ?)"),
            ("UPDATE users SET _ WHERE id = ?", "UPDATE users SET \"name\" = ? WHERE id = ?"),
            ("UPDATE users SET _ = ?", "UPDATE users SET \"id\" = ?"),
            ("SELECT 1 FROM users WHERE name LIKE '%_%' _", "SELECT 1 FROM users WHERE name LIKE '%x%' "),
            ("SELECT 1 FROM users LIMIT _", "SELECT 1 FROM users LIMIT 1"),
        ] {
            assert_eq!(first(sql), filled, "{sql}");
        }
    }

    #[test]
    fn a_part_of_a_name_leaves_few_tables() {
        assert!(fits("use\u{FFFC}", "users") && fits("\"\u{FFFC}ers\"", "users"));
        assert!(!fits("log_\u{FFFC}", "users"));
    }
}
