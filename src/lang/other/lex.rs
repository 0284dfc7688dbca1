//! Finds strings and comments by their marks, and leaves the code with both blanked out. Knows no grammar.

use super::style::{HEREDOC, Quote, RAW_OF_C, Style};
use crate::text::Span;

/// A string literal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Literal {
    /// With its quotes.
    pub(super) span: Span,
    /// Between its quotes.
    pub(super) inner: Span,
    pub(super) escapes: bool,
}

#[derive(Debug, Default)]
pub(super) struct Lexed {
    pub(super) literals: Vec<Literal>,
    pub(super) comments: Vec<Span>,
    /// The text with strings and comments as blanks (but for the outermost quotes), byte for byte.
    pub(super) code: String,
}

/// A string that has not ended after this many bytes was none.
const LONGEST: usize = 1 << 20;

pub(super) fn lex(text: &str, style: &Style) -> Lexed {
    let mut lexed = Lexed::default();
    let mut code = text.as_bytes().to_vec();
    let mut at = 0;
    // Each kind of quote that was once left open to the end is not looked for again: else long texts cost their square.
    let mut hopeless: Vec<&str> = Vec::new();
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some(length) = comment(text, at, rest, style) {
            lexed.comments.push(Span::new(at, at + length));
            blank(&mut code, at, at + length);
            at += length;
            continue;
        }
        // Outside strings a backslash takes the meaning from a quote; in Rust and C a quote may be a letter.
        if rest.starts_with('\\') || rest.starts_with("'\"'") {
            at += rest.char_indices().nth(2).map_or(rest.len(), |(next, _)| next);
            continue;
        }
        if let Some(found) = literal(text, at, rest, style, &mut hopeless) {
            let Quoted { open, inner, close, escapes } = found;
            let within = Span::new(at + open, at + open + inner);
            lexed.literals.push(Literal { span: Span::new(at, at + open + inner + close), inner: within, escapes });
            blank(&mut code, within.start as usize, within.end as usize);
            at += open + inner + close;
            continue;
        }
        at += rest.chars().next().map_or(1, char::len_utf8);
    }
    lexed.code = String::from_utf8(code).unwrap_or_default();
    lexed
}

/// Line breaks stay, so that code keeps its lines.
fn blank(code: &mut [u8], from: usize, to: usize) {
    for byte in code.get_mut(from..to).unwrap_or_default() {
        if !matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
}

/// The length of the comment that begins here.
fn comment(text: &str, at: usize, rest: &str, style: &Style) -> Option<usize> {
    for (open, close) in style.block_comments {
        if rest.starts_with(open) {
            return Some(rest.get(open.len()..)?.find(close).map_or(rest.len(), |end| open.len() + end + close.len()));
        }
    }
    let mark = style.line_comments.iter().find(|mark| rest.starts_with(**mark))?;
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    // `https://`, `$#`, `a;b`, `x#y`, `i--`: a mark inside a word is none.
    let inside = match *mark {
        "//" => before == Some(':'),
        "#" => before.is_some_and(|c| !c.is_whitespace() && !matches!(c, ';' | ',' | ')' | '}' | ']')),
        ";" | "--" | "%" => before.is_some_and(|c| !c.is_whitespace() && !matches!(c, ';' | ')' | '}' | '.' | ',')),
        _ => false,
    };
    // Nor is Rust's or C's `#[..]`, `#include`.
    (!inside).then(|| rest.find('\n').unwrap_or(rest.len()))
}

/// A string and its quotes, in bytes.
struct Quoted {
    open: usize,
    inner: usize,
    close: usize,
    escapes: bool,
}

/// The string that begins here.
fn literal(text: &str, at: usize, rest: &str, style: &Style, hopeless: &mut Vec<&'static str>) -> Option<Quoted> {
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    for quote in style.quotes {
        if !rest.starts_with(quote.open) || hopeless.contains(&quote.open) {
            continue;
        }
        let word_before = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
        // An apostrophe is no quote; the `r` of a raw string begins a word.
        if word_before && (quote.open == "'" || quote.open.starts_with('r')) {
            continue;
        }
        match quote.open {
            HEREDOC => match heredoc(rest) {
                Some(found) => return Some(found),
                None => continue,
            },
            RAW_OF_C if word_before => continue,
            RAW_OF_C => match raw_of_c(rest) {
                Some(found) => return Some(found),
                None => continue,
            },
            _ => {}
        }
        match closing(rest.get(quote.open.len()..)?, quote) {
            Some(inner) => {
                let (open, close) = (quote.open.len(), quote.close.len());
                return Some(Quoted { open, inner, close, escapes: quote.escapes });
            }
            None if quote.lines => hopeless.push(quote.open),
            None => {}
        }
    }
    None
}

/// `R"sql(..)sql"`
fn raw_of_c(rest: &str) -> Option<Quoted> {
    let (tag, body) = rest.get(RAW_OF_C.len()..)?.split_once('(')?;
    if tag.len() > 16 || tag.contains([' ', ')', '\\', '"', '\n']) {
        return None;
    }
    let end = format!("){tag}\"");
    let inner = body.get(..body.len().min(LONGEST)).unwrap_or(body).find(&end)?;
    Some(Quoted { open: RAW_OF_C.len() + tag.len() + 1, inner, close: end.len(), escapes: false })
}

/// `<<<SQL`, `<<~SQL`, `<<"SQL"`: the lines up to the one that says the word again.
fn heredoc(rest: &str) -> Option<Quoted> {
    let (head, body) = rest.split_once('\n')?;
    let marked = head.trim_start_matches('<').trim_start_matches(['~', '-', ' ']);
    let word: String = marked
        .trim_start_matches(['"', '\''])
        .chars()
        .take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_')
        .collect();
    // `1 << BITS` shifts.
    if word.len() < 2 || !word.starts_with(|letter: char| letter.is_ascii_uppercase()) || head.starts_with("<< ") {
        return None;
    }
    let mut inner = 0;
    for line in body.split_inclusive('\n') {
        let close = line.trim_start();
        let ends = close.strip_prefix(word.as_str());
        if ends.is_some_and(|after| !after.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_')) {
            let close = line.len() - close.len() + word.len();
            // The line break stays with the lines, as it does between triple quotes.
            return Some(Quoted { open: head.len(), inner: inner + 1, close, escapes: false });
        }
        inner += line.len();
        if inner > LONGEST {
            return None;
        }
    }
    None
}

/// Where the closing quote stands.
fn closing(rest: &str, quote: &Quote) -> Option<usize> {
    let rest = rest.get(..rest.len().min(LONGEST)).unwrap_or(rest);
    let mut escaped = false;
    for (at, letter) in rest.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        if letter == '\n' && !quote.lines {
            return None;
        }
        if letter == '\\' && quote.escapes {
            escaped = true;
            continue;
        }
        if rest.get(at..).is_some_and(|tail| tail.starts_with(quote.close)) {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::style;
    use super::*;

    #[test]
    fn strings_and_comments_of_many_languages() {
        for (path, text, literals, comments) in [
            ("a.go", "x := \"a\\\"b\" // c \"d\"\ny := `e\n\"f`", vec!["\"a\\\"b\"", "`e\n\"f`"], vec!["// c \"d\""]),
            ("a.rs", "fn f<'a>(x: &'a str) { r#\"a\"b\"#; '\"'; \"c\" }", vec!["r#\"a\"b\"#", "\"c\""], vec![]),
            ("a.rb", "# it's\nx = 'a' # b\ny = \"#{z}\"", vec!["'a'", "\"#{z}\""], vec!["# it's", "# b"]),
            ("a.lua", "--[[ a\n]] x = [[b]] -- c", vec!["[[b]]"], vec!["--[[ a\n]]", "-- c"]),
            ("a.nix", "''a\nb'' \"c\" # d", vec!["''a\nb''", "\"c\""], vec!["# d"]),
            ("a.tf", "u = \"http://h\" /* x */", vec!["\"http://h\""], vec!["/* x */"]),
            ("a.xyz", "don't \"a\" 'b'\nopen \"\nc", vec!["\"a\"", "'b'"], vec![]),
            (
                "a.php",
                "$a = 'b\nc'; $d = <<<SQL\n e 'f\n SQL;\n$g = \"h\";",
                vec!["'b\nc'", "<<<SQL\n e 'f\n SQL", "\"h\""],
                vec![],
            ),
            ("a.cpp", "auto a = R\"sql(b \")sql\"; x << Y;\n", vec!["R\"sql(b \")sql\""], vec![]),
            ("a.cs", "var p = @\"C:\\x\"; // d", vec!["@\"C:\\x\""], vec!["// d"]),
        ] {
            let (style, _) = style::of(path);
            let lexed = lex(text, &style);
            let slices = |spans: Vec<Span>| spans.into_iter().map(|span| &text[span.range()]).collect::<Vec<_>>();
            assert_eq!(slices(lexed.literals.iter().map(|literal| literal.span).collect()), literals, "{path}");
            assert_eq!(slices(lexed.comments), comments, "{path}");
            assert_eq!(lexed.code.len(), text.len());
        }
    }
}
