//! Code inside code: a program in a string, a heredoc or a block scalar of another file, with the way back.

use super::Span;

/// Text taken out of a host source in one or more runs; each run remembers where it stood there.
#[derive(Debug, Clone, Default)]
pub struct Snippet {
    pub text: String,
    /// (offset in `text`, offset in the host), ascending; a run ends where the next begins.
    runs: Vec<(u32, u32)>,
}

impl Snippet {
    /// One run that stands verbatim in the host at `start`.
    #[must_use]
    pub fn verbatim(text: &str, start: usize) -> Self {
        let mut snippet = Self::default();
        snippet.push(text, start);
        snippet
    }

    /// Appends a run that stands at `start` in the host.
    pub fn push(&mut self, text: &str, start: usize) {
        let host = Span::new(start, start).start;
        self.runs.push((Span::new(self.text.len(), self.text.len()).start, host));
        self.text.push_str(text);
    }

    /// A block of lines of the host, taken without the indentation they share.
    #[must_use]
    pub fn dedented(text: &str, start: usize) -> Self {
        let indent = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| line.len() - line.trim_start_matches([' ', '\t']).len())
            .min()
            .unwrap_or(0);
        let mut snippet = Self::default();
        let mut at = start;
        for line in text.split_inclusive('\n') {
            let cut = indent.min(line.len() - line.trim_start_matches([' ', '\t']).len());
            snippet.push(&line[cut..], at + cut);
            at += line.len();
        }
        snippet
    }

    /// Appends what another snippet of the same host holds.
    pub fn append(&mut self, other: &Snippet) {
        self.runs.extend(other.runs.iter().map(|&(own, host)| (own + Span::new(0, self.text.len()).end, host)));
        self.text.push_str(&other.text);
    }

    /// A part of the text, which knows where it stands in the host.
    #[must_use]
    pub fn part(&self, range: std::ops::Range<usize>) -> Snippet {
        let mut part = Snippet::default();
        let Some(text) = self.text.get(range.clone()) else { return part };
        let span = Span::new(range.start, range.end);
        part.runs.push((0, self.host(span.start)));
        let inside = self.runs.iter().filter(|(own, _)| span.start < *own && *own < span.end);
        part.runs.extend(inside.map(|&(own, host)| (own - span.start, host)));
        part.text.push_str(text);
        part
    }

    /// With other words in the place of its own.
    #[must_use]
    pub fn with(mut self, words: &str) -> Snippet {
        self.runs.truncate(1);
        words.clone_into(&mut self.text);
        self
    }

    /// The host's offset for an offset in the snippet.
    #[must_use]
    pub fn host(&self, offset: u32) -> u32 {
        let index = self.runs.partition_point(|&(own, _)| own <= offset);
        match index.checked_sub(1).and_then(|index| self.runs.get(index)) {
            Some(&(own, host)) => host + (offset - own),
            None => offset,
        }
    }

    /// The host's span for a span in the snippet.
    #[must_use]
    pub fn host_span(&self, span: Span) -> Span {
        // The last byte is mapped and not the end, so that a span that ends a run does not reach into the next.
        let end = if span.is_empty() { self.host(span.end) } else { self.host(span.end - 1) + 1 };
        Span { start: self.host(span.start), end }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dedented_lines_know_where_they_stood() {
        let host = "run: |\n    import x\n      y = 'a.db'\n";
        let block = Snippet::dedented(&host[7..], 7);
        assert_eq!(block.text, "import x\n  y = 'a.db'\n");
        let at = block.text.find("'a.db'").unwrap();
        let span = block.host_span(Span::new(at, at + 6));
        assert_eq!(&host[span.range()], "'a.db'");
    }
}
