//! A word of the shell as text, variables and globs in order, each with its place. Knows no command and no value.

use std::ops::Range;

#[derive(Debug, Clone, Default)]
pub(super) struct Word {
    /// With its quotes.
    pub(super) span: Range<usize>,
    pub(super) pieces: Vec<Piece>,
}

#[derive(Debug, Clone)]
pub(super) enum Piece {
    /// Text after quotes and escapes; `bare` where the shell may still expand it.
    Text {
        text: String,
        span: Range<usize>,
        bare: bool,
    },
    Variable(Variable),
    /// `$(..)`.
    Substitution(Range<usize>),
    /// `*`, `?`.
    Glob(Range<usize>),
    /// `{a,b}`.
    Braces(Vec<String>, Range<usize>),
    /// Anything that the shell works out: arithmetic, indirection, a part that code around the script fills in.
    Other(Range<usize>),
}

#[derive(Debug, Clone)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) span: Range<usize>,
    pub(super) change: Change,
    /// `${NAME:-default}`, `${NAME:=default}`.
    pub(super) default: Option<Word>,
    /// `:=`: the default is assigned too.
    pub(super) assigns: bool,
}

/// What an expansion makes of its variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    None,
    /// `${X##*/}`.
    Basename,
    /// `${X%/*}`.
    Dirname,
    /// Anything else: `${#X}`, `${X//a/b}`, `${X%.db}`.
    Other,
}

impl Piece {
    pub(super) fn span(&self) -> &Range<usize> {
        match self {
            Piece::Text { span, .. }
            | Piece::Substitution(span)
            | Piece::Glob(span)
            | Piece::Braces(_, span)
            | Piece::Other(span) => span,
            Piece::Variable(variable) => &variable.span,
        }
    }
}

impl Word {
    /// The text, if nothing in it has to be expanded.
    pub(super) fn literal(&self) -> Option<String> {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text { text, .. } => out.push_str(text),
                _ => return None,
            }
        }
        Some(out)
    }

    /// The literal text at its front.
    pub(super) fn lead(&self) -> &str {
        match self.pieces.first() {
            Some(Piece::Text { text, .. }) => text,
            _ => "",
        }
    }

    /// The variable that it consists of, if it does.
    pub(super) fn variable(&self) -> Option<&Variable> {
        match self.pieces.as_slice() {
            [Piece::Variable(variable)] => Some(variable),
            _ => None,
        }
    }

    /// The text with a letter for what is expanded, so that word checks can judge it; globs stay.
    pub(super) fn probe(&self) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text { text, .. } => out.push_str(text),
                Piece::Glob(_) => out.push('*'),
                Piece::Braces(words, _) => out.push_str(words.first().map_or("", String::as_str)),
                Piece::Variable(Variable { default: Some(default), .. }) => out.push_str(&default.probe()),
                Piece::Variable(_) | Piece::Substitution(_) | Piece::Other(_) => out.push('x'),
            }
        }
        out
    }

    /// What stands after the first `=` of its leading text, with the text before it: `--file=x.db`, `KEY="$DIR/x.db"`.
    pub(super) fn after_equals(&self) -> Option<(String, Word)> {
        self.split_at_first('=')
    }

    /// The word cut in two at the first `mark` of its leading text.
    pub(super) fn split_at_first(&self, mark: char) -> Option<(String, Word)> {
        let Some(Piece::Text { text, span, bare }) = self.pieces.first() else { return None };
        let (head, tail) = text.split_once(mark)?;
        // Escapes end a piece, so that text and source run in step within it.
        let at = span.start + head.len() + mark.len_utf8();
        let mut pieces = Vec::with_capacity(self.pieces.len());
        if !tail.is_empty() {
            pieces.push(Piece::Text { text: tail.to_owned(), span: at..span.end, bare: *bare });
        }
        pieces.extend(self.pieces.iter().skip(1).cloned());
        let quoted = self.span.start < span.start;
        let end = if quoted { self.pieces.last().map_or(span.end, |last| last.span().end) } else { self.span.end };
        Some((head.to_owned(), Word { span: at..end.max(at), pieces }))
    }

    /// What `printf` and `echo -e` make of it: `\n` is the end of a line, whatever quotes it stands in.
    pub(super) fn with_escapes(&self) -> Word {
        let mut pieces = Vec::with_capacity(self.pieces.len());
        let mut pending: Option<usize> = None;
        for piece in &self.pieces {
            let Piece::Text { text, span, bare } = piece else {
                pending = None;
                pieces.push(piece.clone());
                continue;
            };
            let in_step = text.len() == span.len();
            let mut run = String::new();
            let mut from = span.start;
            for (offset, c) in text.char_indices() {
                let at = if in_step { span.start + offset } else { span.start };
                let end = if in_step { at + c.len_utf8() } else { span.end };
                let escape = match (pending.take(), c) {
                    (Some(start), 'n') => Some(("\n", start)),
                    (Some(start), 't') => Some(("\t", start)),
                    (Some(start), '\\') => Some(("\\", start)),
                    (Some(start), _) => {
                        pieces.push(Piece::Text { text: "\\".to_owned(), span: start..at, bare: false });
                        None
                    }
                    (None, '\\') => {
                        if !run.is_empty() {
                            pieces.push(Piece::Text { text: std::mem::take(&mut run), span: from..at, bare: *bare });
                        }
                        pending = Some(at);
                        from = end;
                        continue;
                    }
                    _ => None,
                };
                match escape {
                    Some((becomes, start)) => {
                        pieces.push(Piece::Text { text: becomes.to_owned(), span: start..end, bare: false });
                        from = end;
                    }
                    None => {
                        if run.is_empty() {
                            from = at;
                        }
                        run.push(c);
                    }
                }
            }
            if !run.is_empty() {
                pieces.push(Piece::Text { text: run, span: from..span.end, bare: *bare });
            }
        }
        Word { span: self.span.clone(), pieces }
    }

    /// The words that the shell makes of it where it stands unquoted.
    pub(super) fn split_blanks(&self) -> Vec<Word> {
        let mut words: Vec<Word> = Vec::new();
        let mut open = false;
        let mut put = |piece: Piece, joins: bool| {
            let span = piece.span().clone();
            match words.last_mut().filter(|_| joins) {
                Some(word) => {
                    word.span.end = span.end;
                    word.pieces.push(piece);
                }
                None => words.push(Word { span, pieces: vec![piece] }),
            }
        };
        for piece in &self.pieces {
            let Piece::Text { text, span, bare } = piece else {
                put(piece.clone(), open);
                open = true;
                continue;
            };
            let mut at = 0;
            for run in text.split_inclusive(char::is_whitespace) {
                let own = run.trim_end();
                if !own.is_empty() {
                    let span = span.start + at..span.start + at + own.len();
                    put(Piece::Text { text: own.to_owned(), span, bare: *bare }, open);
                }
                open = own.len() == run.len();
                at += run.len();
            }
        }
        words
    }

    /// Its variables, those in defaults too.
    pub(super) fn variables(&self) -> Vec<&Variable> {
        let mut found = Vec::new();
        let mut words = vec![self];
        while let Some(word) = words.pop() {
            for piece in &word.pieces {
                if let Piece::Variable(variable) = piece {
                    found.push(variable);
                    words.extend(variable.default.as_ref());
                }
            }
        }
        found
    }
}
