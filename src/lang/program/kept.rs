//! A lowered module as bytes and back, so that what was parsed once need not be parsed again. Knows no file.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::ir::{Block, Expr, ExprId, Module, Scope};
use crate::lang::Language;
use crate::text::{Source, Span};

/// A module without its source, to be written.
#[derive(Serialize)]
struct Written<'m> {
    exprs: &'m [Expr],
    scopes: &'m [Scope],
    blocks: &'m [Block],
    calls: &'m [ExprId],
    texts: &'m [ExprId],
    assigns: &'m [(ExprId, ExprId)],
    appends: &'m [(ExprId, ExprId)],
    prose: &'m [Span],
    has_errors: bool,
}

/// The same, read.
#[derive(Deserialize)]
struct Read {
    exprs: Vec<Expr>,
    scopes: Vec<Scope>,
    blocks: Vec<Block>,
    calls: Vec<ExprId>,
    texts: Vec<ExprId>,
    assigns: Vec<(ExprId, ExprId)>,
    appends: Vec<(ExprId, ExprId)>,
    prose: Vec<Span>,
    has_errors: bool,
}

impl Module {
    /// All of it but its source.
    #[must_use]
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let Self { source: _, language: _, exprs, scopes, blocks, calls, texts, assigns, appends, prose, has_errors } =
            self;
        let has_errors = *has_errors;
        postcard::to_allocvec(&Written { exprs, scopes, blocks, calls, texts, assigns, appends, prose, has_errors })
            .ok()
    }

    /// The module that [`Module::to_bytes`] wrote of this source, by this program.
    #[must_use]
    pub fn from_bytes(source: Arc<Source>, language: Language, bytes: &[u8]) -> Option<Self> {
        let Read { exprs, scopes, blocks, calls, texts, assigns, appends, prose, has_errors } =
            postcard::from_bytes(bytes).ok()?;
        let mut module =
            Self { source, language, exprs, scopes, blocks, calls, texts, assigns, appends, prose, has_errors };
        module.shrink();
        Some(module)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::{javascript, python};

    const PROGRAM: &str = "\
import os, sqlite3
from .a import b as c
X = {'k': [1, f'{c}.db', *b]}
class A(B):
    y: int = None
    @d('e')
    def f(self, p='x.db', *rest, k=True):
        \"\"\"doc\"\"\"
        self.z = p or X['k'] / 'ü'  # no
        with sqlite3.connect(p) as q, r:
            for s, t in q:
                X += s if t else -t
        return lambda: q
";
    const SCRIPT: &str =
        "const { a } = require('b'); export default class C extends D { x = `${a}.db`; m(p = /r/) { this.y ??= p } }";

    /// All of a module; its names stand in tables that have no order.
    fn told(module: &Module) -> String {
        let scope = |scope: &Scope| {
            let names = scope.bindings.iter().chain(&scope.members);
            let mut names: Vec<String> = names.map(|it| format!("{it:?}")).collect();
            names.sort();
            let Scope { kind, name, span, parent, params, returns, bases, decorators, .. } = scope;
            format!("{kind:?} {name} {span:?} {parent:?} {params:?} {names:?} {returns:?} {bases:?} {decorators:?}")
        };
        let scopes: Vec<String> = module.scopes.iter().map(scope).collect();
        let Module { exprs, blocks, calls, texts, assigns, appends, prose, has_errors, .. } = module;
        format!("{scopes:#?} {exprs:#?} {blocks:?} {calls:?} {texts:?} {assigns:?} {appends:?} {prose:?} {has_errors}")
    }

    #[test]
    fn what_is_read_back_is_what_was_written_and_half_of_it_is_nothing() {
        let source = |path: &str, text: &str| Arc::new(Source::new(path, text.as_bytes().to_vec()));
        for module in
            [python::lower(source("a.py", PROGRAM)), javascript::lower(source("a.js", SCRIPT), Language::Javascript)]
        {
            let bytes = module.to_bytes().unwrap();
            let read = |bytes: &[u8]| Module::from_bytes(Arc::clone(&module.source), module.language, bytes);
            assert_eq!(told(&read(&bytes).unwrap()), told(&module));
            assert!((0..bytes.len()).all(|cut| read(&bytes[..cut]).is_none()));
        }
    }
}
