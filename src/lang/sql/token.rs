//! SQL's tokens, as SQLite has them and as PostgreSQL and MySQL may write them. Knows no grammar.

use std::ops::Range;

use super::HOLE;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    /// An identifier in `".."`, `` `..` `` or `[..]`.
    Quoted,
    Text,
    Blob,
    Number,
    /// `?`, `?1`, `:a`, `@a`, `$a`, `%s`, `%(name)s`.
    Parameter,
    Punctuation(u8),
    /// A command of the sqlite3 or psql shell, a whole line: `.open x.db`, `\connect x`.
    Dot,
}

#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Range<usize>,
    /// Code fills in a part of it: an f-string's hole, `{table}`, `tbl_%s`.
    pub(super) holed: bool,
}

impl Token {
    pub(super) fn is(&self, punctuation: u8) -> bool {
        self.kind == Kind::Punctuation(punctuation)
    }

    pub(super) fn is_word(&self, text: &str, word: &str) -> bool {
        self.kind == Kind::Word && text.get(self.span.clone()).is_some_and(|own| own.eq_ignore_ascii_case(word))
    }
}

/// Tokens in order; blanks and comments are left out.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { text, bytes: text.as_bytes(), at: 0, out: Vec::new(), open_ended: 0 };
    while lexer.at < lexer.bytes.len() {
        lexer.step();
    }
    lexer.out
}

struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    out: Vec<Token>,
    /// Quotes (as bits) that were seen not to close: they are not looked for again, so that odd input stays linear.
    open_ended: u8,
}

fn is_word_start(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == HOLE || !c.is_ascii()
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$' || c == HOLE || !c.is_ascii()
}

impl Lexer<'_> {
    fn byte(&self, offset: usize) -> u8 {
        self.bytes.get(self.at + offset).copied().unwrap_or(0)
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn push(&mut self, kind: Kind, end: usize) {
        let end = end.clamp(self.at + 1, self.bytes.len());
        let holed = self.text.get(self.at..end).is_some_and(|own| own.contains(HOLE));
        self.out.push(Token { kind, span: self.at..end, holed });
        self.at = end;
    }

    fn step(&mut self) {
        let Some(c) = self.rest().chars().next() else {
            self.at = self.bytes.len();
            return;
        };
        match c {
            c if c.is_whitespace() => self.at += c.len_utf8(),
            '-' if self.byte(1) == b'-' => self.at = self.line_end(),
            '#' if matches!(self.byte(1), b' ' | b'\t' | b'-') && self.starts_line() => self.at = self.line_end(),
            '/' if self.byte(1) == b'*' => {
                self.at = self.find("*/", 2).unwrap_or(self.bytes.len());
            }
            '.' if self.byte(1).is_ascii_alphabetic() && self.starts_line() && self.starts_statement() => {
                self.push(Kind::Dot, self.at + self.rest().lines().next().unwrap_or("").trim_end().len());
            }
            '\\' if self.starts_line() && self.starts_statement() => {
                self.push(Kind::Dot, self.at + self.rest().lines().next().unwrap_or("").trim_end().len());
            }
            '\'' => self.quoted(b'\'', b'\'', Kind::Text, 1),
            '"' => self.quoted(b'"', b'"', Kind::Quoted, 2),
            '`' => self.quoted(b'`', b'`', Kind::Quoted, 4),
            '[' => self.quoted(b'[', b']', Kind::Quoted, 8),
            'x' | 'X' if self.byte(1) == b'\'' => match self.find("'", 2) {
                Some(end) => self.push(Kind::Blob, end),
                None => self.word(),
            },
            'e' | 'E' | 'n' | 'N' | 'b' | 'B' if self.byte(1) == b'\'' => {
                self.at += 1;
                self.quoted(b'\'', b'\'', Kind::Text, 1);
            }
            '0'..='9' => self.number(),
            '.' if self.byte(1).is_ascii_digit() => self.number(),
            '?' => {
                let digits = self.rest()[1..].bytes().take_while(u8::is_ascii_digit).count();
                self.push(Kind::Parameter, self.at + 1 + digits);
            }
            '$' if self.dollar_quoted() => {}
            ':' if self.byte(1) == b':' => {
                self.push(Kind::Punctuation(b':'), self.at + 2);
            }
            ':' | '@' | '$' if self.rest()[1..].chars().next().is_some_and(is_word_char) => {
                let name = self.rest()[1..].chars().take_while(|&c| is_word_char(c)).map(char::len_utf8).sum::<usize>();
                self.push(Kind::Parameter, self.at + 1 + name);
            }
            '%' => match self.percent(0) {
                Some(length) => {
                    let glued =
                        self.rest().get(length..).and_then(|rest| rest.chars().next()).is_some_and(is_word_char);
                    if glued { self.word() } else { self.push(Kind::Parameter, self.at + length) }
                }
                None => self.push(Kind::Punctuation(b'%'), self.at + 1),
            },
            '{' if self.brace(0).is_some() => self.word(),
            '$' if self.byte(1) == b'{' && self.brace(1).is_some() => self.word(),
            c if is_word_start(c) => self.word(),
            c => {
                let byte = u8::try_from(c).unwrap_or(b'?');
                self.push(Kind::Punctuation(byte), self.at + c.len_utf8());
            }
        }
    }

    fn line_end(&self) -> usize {
        memchr::memchr(b'\n', self.rest().as_bytes()).map_or(self.bytes.len(), |length| self.at + length)
    }

    fn starts_line(&self) -> bool {
        self.text[..self.at].rsplit('\n').next().is_some_and(|head| head.len() < 200 && head.trim().is_empty())
    }

    fn starts_statement(&self) -> bool {
        self.out.last().is_none_or(|token| token.is(b';') || token.kind == Kind::Dot)
    }

    /// The end of `needle`, looked for from `skip` bytes ahead.
    fn find(&self, needle: &str, skip: usize) -> Option<usize> {
        let from = self.at + skip;
        self.text.get(from..)?.find(needle).map(|length| from + length + needle.len())
    }

    fn quoted(&mut self, open: u8, close: u8, kind: Kind, bit: u8) {
        if self.open_ended & bit == 0 {
            let mut at = self.at + 1;
            while let Some(length) = self.bytes.get(at..).and_then(|rest| memchr::memchr(close, rest)) {
                at += length + 1;
                let doubled = close != b']' && self.bytes.get(at) == Some(&close);
                if !doubled {
                    self.push(kind, at);
                    return;
                }
                at += 1;
            }
            self.open_ended |= bit;
        }
        self.push(Kind::Punctuation(open), self.at + 1);
    }

    /// PostgreSQL's `$$ .. $$` and `$body$ .. $body$`.
    fn dollar_quoted(&mut self) -> bool {
        if self.open_ended & 16 != 0 {
            return false;
        }
        let rest = self.rest();
        let tag = rest[1..].bytes().take(32).take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let tagged =
            rest.as_bytes().get(tag + 1) == Some(&b'$') && !rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
        if !tagged {
            return false;
        }
        let mark = rest[..tag + 2].to_owned();
        match self.find(&mark, mark.len()) {
            Some(end) => {
                self.push(Kind::Text, end);
                true
            }
            None => {
                self.open_ended |= 16;
                false
            }
        }
    }

    fn number(&mut self) {
        let length = self.rest().bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'.').count();
        self.push(Kind::Number, self.at + length);
    }

    /// The length of a `%s` or `%(name)s` that stands `skip` bytes ahead.
    fn percent(&self, skip: usize) -> Option<usize> {
        let rest = self.rest().get(skip..)?;
        if rest.starts_with("%s") {
            return Some(2);
        }
        let name = rest.strip_prefix("%(")?;
        let length = name.bytes().take(64).position(|byte| byte == b')')?;
        name.get(length + 1..)?.starts_with(['s', 'd']).then_some(length + 4)
    }

    /// The length of a `{name}` or `{{ name }}` that stands `skip` bytes ahead.
    fn brace(&self, skip: usize) -> Option<usize> {
        let rest = self.rest().get(skip..)?;
        if !rest.starts_with('{') {
            return None;
        }
        let doubled = rest.starts_with("{{") || rest.starts_with("{%");
        let length = rest.bytes().take(200).position(|byte| byte == b'}')?;
        let length = length + 1 + usize::from(doubled);
        rest.get(..length).filter(|own| !own.contains('\n')).map(str::len)
    }

    /// A word, together with the holes that are glued to it.
    fn word(&mut self) {
        let start = self.at;
        let mut holed = false;
        let mut end = 0;
        let mut braced = 0;
        while let Some(c) = self.rest().get(end..).and_then(|rest| rest.chars().next()) {
            if c == '$' && self.byte(end + 1) == b'{' && self.brace(end + 1).is_some() {
                end += 1;
            } else if c == '{' && braced < 64 {
                let Some(length) = self.brace(end) else { break };
                braced += 1;
                holed = true;
                end += length;
            } else if c == '%' {
                let Some(length) = self.percent(end) else { break };
                holed = true;
                end += length;
            } else if is_word_char(c) {
                end += c.len_utf8();
            } else {
                break;
            }
        }
        self.push(Kind::Word, start + end);
        if let Some(last) = self.out.last_mut() {
            last.holed |= holed;
        }
    }
}

/// Holes, `{name}`, `{}`, `%s` and `%(name)s`, wherever they stand, also inside of quotes.
pub(super) fn fillable(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let Some(words) = text.get(range.clone()) else { return Vec::new() };
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(length) = words.get(at..).and_then(|rest| rest.find([HOLE, '{', '%'])) {
        at += length;
        let lexer = Lexer { text: words, bytes: words.as_bytes(), at, out: Vec::new(), open_ended: 0 };
        let own = match words.as_bytes().get(at) {
            Some(b'{') => lexer.brace(0),
            Some(b'%') => lexer.percent(0).or_else(|| lexer.rest().starts_with("%d").then_some(2)),
            _ => Some(HOLE.len_utf8()),
        };
        if let Some(own) = own {
            found.push(range.start + at..range.start + at + own);
        }
        at += own.unwrap_or(1);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(Kind, &str)> {
        tokens(text).into_iter().map(|token| (token.kind, &text[token.span])).collect()
    }

    #[test]
    fn strings_identifiers_and_parameters() {
        use Kind::{Blob, Number, Parameter, Quoted, Text, Word};
        assert_eq!(
            kinds("x 'it''s' \"a\"\"b\" `c` [d e] x'0f' ?1 :a @b $c %s %(n)s 1.5e3 -- no\n/* no */ y"),
            [
                (Word, "x"),
                (Text, "'it''s'"),
                (Quoted, "\"a\"\"b\""),
                (Quoted, "`c`"),
                (Quoted, "[d e]"),
                (Blob, "x'0f'"),
                (Parameter, "?1"),
                (Parameter, ":a"),
                (Parameter, "@b"),
                (Parameter, "$c"),
                (Parameter, "%s"),
                (Parameter, "%(n)s"),
                (Number, "1.5e3"),
                (Word, "y"),
            ]
        );
    }

    #[test]
    fn holes_are_glued_to_their_word() {
        let text = "a_\u{fffc} t_%s {table} ${x}_log {{ ref('a') }} %s";
        let all = tokens(text);
        assert_eq!(all.iter().map(|token| token.holed).collect::<Vec<_>>(), [true, true, true, true, true, false]);
        assert_eq!(all.last().map(|token| token.kind), Some(Kind::Parameter));
    }

    #[test]
    fn an_open_quote_is_only_a_character() {
        assert_eq!(kinds("a ' b").len(), 3);
        assert_eq!(kinds("$$ a ; b $$ c").len(), 2);
        assert_eq!(kinds("x::text").len(), 3);
    }

    #[test]
    fn shell_commands_stand_between_statements() {
        assert_eq!(kinds(".open 'x.db'\nSELECT t\n.x;\n .mode csv\n")[0], (Kind::Dot, ".open 'x.db'"));
        assert_eq!(kinds("SELECT t\n.x;\n .mode csv\n").last(), Some(&(Kind::Dot, ".mode csv")));
    }
}
