//! Words inside HTML and SVG: no content marks anything up or leaves its attribute. Knows no report.

use super::escape;

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
