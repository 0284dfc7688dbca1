//! The intermediate form: expressions in an arena, scopes with their bindings, blocks that tell which assignment reaches which use.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::lang::Language;
use crate::text::{Source, Span, once};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ExprId(pub u32);
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ScopeId(pub u32);
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BlockId(pub u32);

/// One source, lowered.
#[derive(Debug)]
pub struct Module {
    pub source: Arc<Source>,
    pub language: Language,
    pub exprs: Vec<Expr>,
    /// `scopes[0]` is the module itself.
    pub scopes: Vec<Scope>,
    /// `blocks[0]` is the module's body.
    pub blocks: Vec<Block>,
    /// Every call, in source order (inner calls before outer ones).
    pub calls: Vec<ExprId>,
    /// Every string literal (docstrings and comments are in `prose`), in source order.
    pub texts: Vec<ExprId>,
    /// Assignments to what is no plain name: `config["x"] = value`, `self.x = value`.
    pub assigns: Vec<(ExprId, ExprId)>,
    /// `name += value`, in source order.
    pub appends: Vec<(ExprId, ExprId)>,
    /// Comments and docstrings.
    pub prose: Vec<Span>,
    /// The grammar could not read all of it.
    pub has_errors: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Expr {
    pub span: Span,
    pub scope: ScopeId,
    pub block: BlockId,
    /// The expression or statement around it, so that a literal can tell how it is used.
    pub parent: Option<ExprId>,
    pub kind: Kind,
}

#[derive(Debug, Serialize, Deserialize)]
pub enum Kind {
    /// A string: literal text and holes. Bytes literals and template literals too.
    Text(Vec<Piece>),
    Name(Arc<str>),
    /// `base.name`; `base?.name`.
    Member(ExprId, Arc<str>),
    /// `base[key]`.
    Index(ExprId, ExprId),
    /// `callee(args)`, `new Callee(args)`.
    Call {
        callee: ExprId,
        args: Vec<Arg>,
    },
    Binary {
        op: Op,
        left: ExprId,
        right: ExprId,
    },
    /// `then if test else otherwise`.
    Cond {
        test: ExprId,
        then: ExprId,
        otherwise: ExprId,
    },
    /// Lists, tuples, sets.
    List(Vec<ExprId>),
    /// `None` keys are spreads (`**x`, `...x`).
    Dict(Vec<(Option<ExprId>, ExprId)>),
    /// A lambda or function expression.
    Function(ScopeId),
    Class(ScopeId),
    Null,
    Bool(bool),
    /// Digits as written.
    Number(Arc<str>),
    /// A regular expression literal: never a path.
    Regex,
    /// Anything else; its parts are kept because calls may hide in them.
    Opaque(Vec<ExprId>),
}

/// One run of a string.
#[derive(Debug, Serialize, Deserialize)]
pub enum Piece {
    /// The text after escapes, and where it stands in the source (without quotes).
    Text(String, Span),
    Hole(ExprId),
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Arg {
    /// Keyword, in languages that have them. `*` and `**` for spreads.
    pub name: Option<Arc<str>>,
    pub value: ExprId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    Add,
    /// Also how `Path` joins.
    Div,
    /// Also how old strings are formatted.
    Mod,
    /// `or`, `||`, `??`: the left if there is one, else the right.
    Or,
    And,
    /// `==`, `!=`, `in`, `<` …: what stands here is compared, not used.
    Compare,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScopeKind {
    Module,
    Function,
    Class,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Scope {
    pub kind: ScopeKind,
    /// Empty for lambdas.
    pub name: Arc<str>,
    pub span: Span,
    pub parent: Option<ScopeId>,
    pub params: Vec<Param>,
    /// Names bound here, each with every binding in source order.
    pub bindings: HashMap<Arc<str>, Vec<Binding>>,
    /// For a class: attributes set on its instances by its methods (`self.x = ..`, `this.x = ..`), in source order.
    pub members: HashMap<Arc<str>, Vec<Binding>>,
    /// What `return` and `yield` give.
    pub returns: Vec<ExprId>,
    pub bases: Vec<ExprId>,
    pub decorators: Vec<ExprId>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Param {
    pub name: Arc<str>,
    pub span: Span,
    pub default: Option<ExprId>,
    pub annotation: Option<ExprId>,
    /// `*args`, `...rest`.
    pub rest: bool,
    pub keyword_only: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Binding {
    pub value: Bound,
    /// The name that is bound.
    pub span: Span,
    pub scope: ScopeId,
    pub block: BlockId,
}

/// What a name is bound to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Bound {
    Expr(ExprId),
    /// `name: Annotation` without a value.
    Annotated(ExprId),
    /// Each element of it in turn: `for name in it`.
    Element(ExprId),
    /// `with it as name`.
    Enter(ExprId),
    /// The `usize`-th part of it: `a, b = it`.
    Part(ExprId, usize),
    /// A named part of it: `const { a } = it`.
    Field(ExprId, Arc<str>),
    /// A module: `import a.b as name` (dots of a relative import stand in front).
    Module(Arc<str>),
    /// A name from a module: `from a.b import c as name`; `default` for JavaScript's default export.
    Import {
        module: Arc<str>,
        name: Arc<str>,
    },
    Function(ScopeId),
    Class(ScopeId),
    /// The `usize`-th parameter of the scope it is bound in.
    Param(usize),
}

/// A run of statements that is entered as one.
#[derive(Debug, Serialize, Deserialize)]
pub struct Block {
    pub parent: Option<BlockId>,
    /// Branches of one `if`, `try` or `switch` share a number: of two in one group only one is entered.
    pub group: Option<u32>,
}

/// Builds a [`Module`]; front ends call it while they walk their tree.
#[derive(Debug)]
pub struct ModuleBuilder {
    pub module: Module,
    groups: u32,
}

impl ModuleBuilder {
    #[must_use]
    pub fn new(source: Arc<Source>, language: Language) -> Self {
        let span = Span::new(0, source.text.len());
        let top = Scope::new(ScopeKind::Module, "".into(), span, None);
        Self {
            module: Module {
                source,
                language,
                exprs: Vec::new(),
                scopes: vec![top],
                blocks: vec![Block { parent: None, group: None }],
                calls: Vec::new(),
                texts: Vec::new(),
                assigns: Vec::new(),
                appends: Vec::new(),
                prose: Vec::new(),
                has_errors: false,
            },
            groups: 0,
        }
    }

    /// Adds an expression and tells its direct parts who their parent is.
    pub fn expr(&mut self, kind: Kind, span: Span, scope: ScopeId, block: BlockId) -> ExprId {
        let id = ExprId(u32::try_from(self.module.exprs.len()).unwrap_or(u32::MAX));
        for part in kind.parts() {
            if let Some(part) = self.module.exprs.get_mut(part.0 as usize) {
                part.parent = Some(id);
            }
        }
        match kind {
            Kind::Call { .. } => self.module.calls.push(id),
            Kind::Text(_) => self.module.texts.push(id),
            _ => {}
        }
        self.module.exprs.push(Expr { span, scope, block, parent: None, kind });
        id
    }

    pub fn scope(&mut self, kind: ScopeKind, name: Arc<str>, span: Span, parent: ScopeId) -> ScopeId {
        let id = ScopeId(u32::try_from(self.module.scopes.len()).unwrap_or(u32::MAX));
        self.module.scopes.push(Scope::new(kind, name, span, Some(parent)));
        id
    }

    pub fn block(&mut self, parent: BlockId, group: Option<u32>) -> BlockId {
        let id = BlockId(u32::try_from(self.module.blocks.len()).unwrap_or(u32::MAX));
        self.module.blocks.push(Block { parent: Some(parent), group });
        id
    }

    /// A new group for the branches of one statement.
    pub fn group(&mut self) -> u32 {
        self.groups += 1;
        self.groups
    }

    pub fn scope_mut(&mut self, id: ScopeId) -> &mut Scope {
        &mut self.module.scopes[id.0 as usize]
    }

    pub fn bind(&mut self, scope: ScopeId, name: Arc<str>, value: Bound, span: Span, block: BlockId) {
        let binding = Binding { value, span, scope, block };
        self.scope_mut(scope).bindings.entry(name).or_default().push(binding);
    }

    /// `self.name = value` in a method of `class`; `scope` is the method's.
    pub fn bind_member(
        &mut self,
        class: ScopeId,
        name: Arc<str>,
        value: Bound,
        span: Span,
        scope: ScopeId,
        block: BlockId,
    ) {
        let binding = Binding { value, span, scope, block };
        self.scope_mut(class).members.entry(name).or_default().push(binding);
    }
}

impl Scope {
    fn new(kind: ScopeKind, name: Arc<str>, span: Span, parent: Option<ScopeId>) -> Self {
        Self {
            kind,
            name,
            span,
            parent,
            params: Vec::new(),
            bindings: HashMap::new(),
            members: HashMap::new(),
            returns: Vec::new(),
            bases: Vec::new(),
            decorators: Vec::new(),
        }
    }
}

impl Kind {
    /// The expressions directly inside.
    #[must_use]
    pub fn parts(&self) -> Vec<ExprId> {
        match self {
            Kind::Text(pieces) => pieces
                .iter()
                .filter_map(|piece| match piece {
                    Piece::Hole(hole) => Some(*hole),
                    Piece::Text(..) => None,
                })
                .collect(),
            Kind::Member(base, _) => vec![*base],
            Kind::Index(base, key) => vec![*base, *key],
            Kind::Call { callee, args } => std::iter::once(*callee).chain(args.iter().map(|arg| arg.value)).collect(),
            Kind::Binary { left, right, .. } => vec![*left, *right],
            Kind::Cond { test, then, otherwise } => vec![*test, *then, *otherwise],
            Kind::List(parts) | Kind::Opaque(parts) => parts.clone(),
            Kind::Dict(pairs) => pairs.iter().flat_map(|(key, value)| key.iter().copied().chain([*value])).collect(),
            Kind::Name(_)
            | Kind::Function(_)
            | Kind::Class(_)
            | Kind::Null
            | Kind::Bool(_)
            | Kind::Number(_)
            | Kind::Regex => Vec::new(),
        }
    }
}

impl Module {
    /// Gives back the room that it was built in, and keeps each name once.
    pub fn shrink(&mut self) {
        self.exprs.shrink_to_fit();
        self.scopes.shrink_to_fit();
        self.blocks.shrink_to_fit();
        self.calls.shrink_to_fit();
        self.texts.shrink_to_fit();
        self.prose.shrink_to_fit();
        let mut names = HashSet::new();
        for expr in &mut self.exprs {
            match &mut expr.kind {
                Kind::Text(pieces) => pieces.shrink_to_fit(),
                Kind::Name(name) | Kind::Member(_, name) => *name = once(&mut names, Arc::clone(name)),
                Kind::Call { args, .. } => args.shrink_to_fit(),
                Kind::List(parts) | Kind::Opaque(parts) => parts.shrink_to_fit(),
                Kind::Dict(pairs) => pairs.shrink_to_fit(),
                _ => {}
            }
        }
        for scope in &mut self.scopes {
            scope.params.shrink_to_fit();
            scope.params.iter_mut().for_each(|param| param.name = once(&mut names, Arc::clone(&param.name)));
            for bindings in scope.bindings.values_mut().chain(scope.members.values_mut()) {
                bindings.shrink_to_fit();
            }
        }
    }

    #[must_use]
    pub fn expr(&self, id: ExprId) -> &Expr {
        &self.exprs[id.0 as usize]
    }

    #[must_use]
    pub fn scope(&self, id: ScopeId) -> &Scope {
        &self.scopes[id.0 as usize]
    }

    #[must_use]
    pub fn block(&self, id: BlockId) -> &Block {
        &self.blocks[id.0 as usize]
    }
}
