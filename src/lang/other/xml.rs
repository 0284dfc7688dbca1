//! XML: attributes and the text of elements.

use crate::lang::config::{Gather, Token};
use crate::lang::{Confidence, Facts, Language};
use crate::text::{Source, Span};

pub(super) fn read(source: &Source) -> Facts {
    let mut gather = Gather::new(source, Language::Other);
    let text = source.text.as_str();
    let mut at = 0;
    let mut element = String::new();
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("<!--") {
            let length = rest.find("-->").map_or(rest.len(), |end| end + 3);
            gather.mention(Span::new(at, at + length), Confidence::Low, "comment");
            at += length;
        } else if rest.starts_with('<') {
            let length = tag_length(rest);
            let tag = rest.get(..length).unwrap_or(rest);
            attributes(&mut gather, tag, at);
            let name = tag.trim_start_matches(['<', '/', '?', '!']);
            element = name.split(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).next().unwrap_or("").to_owned();
            at += length;
        } else {
            let length = rest.find('<').unwrap_or(rest.len());
            let words = rest.get(..length).unwrap_or(rest);
            let trimmed = words.trim();
            let start = at + words.len() - words.trim_start().len();
            if !trimmed.is_empty() {
                let token = Token { text: trimmed.to_owned(), span: Span::new(start, start + trimmed.len()) };
                gather.configure(&element, &token, "element");
            }
            at += length;
        }
    }
    gather.finish()
}

/// To the `>` that stands outside quotes.
fn tag_length(rest: &str) -> usize {
    let mut quote = None;
    for (at, letter) in rest.char_indices() {
        match quote {
            None if letter == '>' => return at + 1,
            None if matches!(letter, '"' | '\'') => quote = Some(letter),
            Some(open) if open == letter => quote = None,
            _ => {}
        }
    }
    rest.find('>').map_or(rest.len(), |end| end + 1)
}

fn attributes(gather: &mut Gather<'_>, tag: &str, start: usize) {
    let mut at = 0;
    while let Some(open) = tag.get(at..).and_then(|rest| rest.find(['"', '\''])).map(|open| at + open) {
        let quote = tag.get(open..=open).unwrap_or("\"");
        let Some(length) = tag.get(open + 1..).and_then(|rest| rest.find(quote)) else { break };
        let name = tag.get(at..open).unwrap_or("").trim().trim_end_matches('=').trim_end();
        let name = name.rsplit(char::is_whitespace).next().unwrap_or("");
        let token = Token {
            text: tag.get(open + 1..open + 1 + length).unwrap_or("").to_owned(),
            span: Span::new(start + open, start + open + length + 2),
        };
        gather.configure(name, &token, "attribute");
        at = open + length + 2;
    }
}
