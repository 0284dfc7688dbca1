//! How text for people looks: colours, widths, and characters that a terminal would obey. Knows nothing of what is said.

use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How a report for people is laid out.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    pub colour: bool,
    /// Columns that a line may take; `None` where lines may be as long as they like.
    pub width: Option<usize>,
}

pub(super) const HEADING: Style = Style::new().bold();
pub(super) const FAINT: Style = Style::new().dimmed();
pub(super) const PLAIN: Style = Style::new();
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
pub(super) const CAUTION: Style = AnsiColor::Yellow.on_default();
pub(super) const BAD: Style = AnsiColor::Red.on_default();
pub(super) const NAME: Style = AnsiColor::Cyan.on_default();

impl Look {
    pub(super) fn paint(&self, style: Style, text: &str) -> String {
        if self.colour && style != PLAIN && !text.is_empty() {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    /// Words in lines of at most the width, each after the first line indented.
    pub(super) fn wrap(&self, text: &str, indent: usize) -> String {
        let Some(page) = self.width else { return text.to_owned() };
        let mut out = String::new();
        let mut column = 0;
        for (index, word) in text.split(' ').enumerate() {
            let wide = width(word);
            if index > 0 && column > indent && column + 1 + wide > page {
                out.push('\n');
                out.extend(std::iter::repeat_n(' ', indent));
                column = indent;
            } else if index > 0 {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += wide;
        }
        out
    }
}

/// Columns that a text takes on a terminal; colours take none.
pub(super) fn width(text: &str) -> usize {
    let mut pieces = text.split('\u{1b}');
    let first = pieces.next().unwrap_or("").width();
    first + pieces.map(|piece| piece.split_once('m').map_or(0, |(_, after)| after.width())).sum::<usize>()
}

/// The text with `…` for what is too long, keeping its end: the end of a path tells more than its beginning.
pub(super) fn shorten(text: &str, limit: usize) -> String {
    if text.width() <= limit {
        return text.to_owned();
    }
    let mut kept = Vec::new();
    let mut wide = 1;
    for letter in text.chars().rev() {
        wide += letter.width().unwrap_or(0);
        if wide > limit {
            break;
        }
        kept.push(letter);
    }
    kept.push('…');
    kept.into_iter().rev().collect()
}

/// The text with `…` for what is too long, keeping its beginning.
pub(super) fn beginning(text: &str, limit: usize) -> String {
    if text.width() <= limit {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut wide = 1;
    for letter in text.chars() {
        wide += letter.width().unwrap_or(0);
        if wide > limit {
            break;
        }
        out.push(letter);
    }
    out.push('…');
    out
}

/// The text with every character spelled out that a terminal would obey instead of show.
#[must_use]
pub fn escape(text: &str) -> String {
    if !text.chars().any(is_obeyed) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        if is_obeyed(letter) { out.extend(letter.escape_default()) } else { out.push(letter) }
    }
    out
}

/// Control characters, and those that turn the direction of text.
fn is_obeyed(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// `1,902`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 file`, `2 files`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number as u64), if number == 1 { one } else { many })
}

/// Which side of its column a cell keeps to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// A table of aligned columns. The first column gives way when the table is wider than the page.
#[derive(Debug)]
pub(super) struct Table {
    columns: Vec<(String, Side)>,
    rows: Vec<Vec<(String, Style)>>,
}

impl Table {
    pub(super) fn new(columns: &[(&str, Side)]) -> Self {
        Self { columns: columns.iter().map(|(name, side)| ((*name).to_owned(), *side)).collect(), rows: Vec::new() }
    }

    /// Cells must not hold characters that a terminal obeys.
    pub(super) fn row(&mut self, cells: Vec<(String, Style)>) {
        self.rows.push(cells);
    }

    pub(super) fn draw(&self, look: &Look) -> String {
        let mut widths: Vec<usize> = self.columns.iter().map(|(name, _)| width(name)).collect();
        for row in &self.rows {
            for (wide, (cell, _)) in widths.iter_mut().zip(row) {
                *wide = (*wide).max(width(cell));
            }
        }
        if let (Some(page), Some(first)) = (look.width, widths.first().copied()) {
            let all: usize = widths.iter().sum::<usize>() + 2 * widths.len();
            let spare = all.saturating_sub(page);
            if let Some(wide) = widths.first_mut() {
                *wide = first.saturating_sub(spare).max(first.min(12));
            }
        }
        let mut out = String::new();
        let heads = self.columns.iter().map(|(name, _)| (name.clone(), FAINT)).collect();
        for row in std::iter::once(&heads).chain(&self.rows) {
            let mut line = String::new();
            for ((cell, style), (wide, (_, side))) in row.iter().zip(widths.iter().zip(&self.columns)) {
                let cell = shorten(cell, *wide);
                let gap = " ".repeat(wide.saturating_sub(width(&cell)));
                let cell = look.paint(*style, &cell);
                line.push_str("  ");
                match side {
                    Side::Left => line.extend([cell, gap]),
                    Side::Right => line.extend([gap, cell]),
                }
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_spelled_out() {
        assert_eq!(escape("a\nb\u{1b}[31m\u{202e}x"), "a\\nb\\u{1b}[31m\\u{202e}x");
        assert_eq!(escape("héllo 🙂"), "héllo 🙂");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn long_text_keeps_its_end() {
        assert_eq!(shorten("services/auth/data/auth.db", 12), "…ata/auth.db");
        assert_eq!(shorten("ßéß", 3), "ßéß");
        assert_eq!(shorten("数据库.db", 6), "…库.db");
    }

    #[test]
    fn columns_are_aligned_and_the_first_gives_way() {
        let mut table = Table::new(&[("database", Side::Left), ("rows", Side::Right)]);
        table.row(vec![("services/auth/data/auth.db".to_owned(), PLAIN), ("7".to_owned(), PLAIN)]);
        table.row(vec![("数.db".to_owned(), PLAIN), ("12345".to_owned(), PLAIN)]);
        let wide = table.draw(&Look { colour: false, width: None });
        assert_eq!(
            wide,
            "  database                     rows\n  services/auth/data/auth.db      7\n  数.db                       12345\n"
        );
        let narrow = table.draw(&Look { colour: false, width: Some(24) });
        assert!(narrow.lines().all(|line| width(line) <= 24), "{narrow}");
    }

    #[test]
    fn words_wrap_under_their_indent() {
        let look = Look { colour: false, width: Some(20) };
        assert_eq!(look.wrap("one two three four five six", 4), "one two three four\n    five six");
    }
}
