//! What every page shares: its frame and its style, which need no network and run no script, and words that no content can break
//! out of. Knows no report.

use std::io::{self, Write};

use super::escape;

const STYLE: &str = include_str!("page.css");

/// Everything before a page's own words. The title is plain text.
pub(super) fn begin(title: &str, out: &mut dyn Write) -> io::Result<()> {
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{} · dbguard</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n",
        text(title)
    )
}

/// Everything behind them. The words of the footer are HTML.
pub(super) fn end(footer: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "</main>\n<footer>{footer}</footer>\n</body>\n</html>")
}

/// The head of a table that becomes cards on a phone: its caption, and a name for each column, those of numbers with `true`.
pub(super) fn table_head(caption: &str, columns: &[(&str, bool)], out: &mut dyn Write) -> io::Result<()> {
    write!(
        out,
        "<table class=\"cards\" role=\"table\">\n<caption>{caption}</caption>\n<thead role=\"rowgroup\"><tr role=\"row\">"
    )?;
    for (name, is_number) in columns {
        let class = if *is_number { " class=\"n\"" } else { "" };
        write!(out, "<th role=\"columnheader\" scope=\"col\"{class}>{name}</th>")?;
    }
    writeln!(out, "</tr></thead>\n<tbody role=\"rowgroup\">")
}

/// A cell of such a table; a phone shows the name before the value. `None` is a dash, and nothing on a phone.
pub(super) fn cell(name: &str, is_number: bool, value: Option<&str>) -> String {
    let class = match (is_number, value.is_some()) {
        (true, true) => " class=\"n\"",
        (true, false) => " class=\"n zero\"",
        (false, true) => "",
        (false, false) => " class=\"zero\"",
    };
    format!("<td role=\"cell\"{class} data-name=\"{name}\">{}</td>", value.unwrap_or("–"))
}

/// Words as text, or as the value of an attribute between double quotes.
pub(super) fn text(words: &str) -> String {
    let words = escape(words);
    let mut out = String::with_capacity(words.len() + 8);
    for letter in words.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_content_marks_anything_up() {
        let words = "<script>alert(\"it's\")</script> & \u{202e}🙂\u{0}";
        let expected = "&lt;script&gt;alert(&quot;it&#39;s&quot;)&lt;/script&gt; &amp; \\u{202e}🙂\\u{0}";
        assert_eq!(text(words), expected);
    }
}
