//! Programs: what Python and JavaScript share once their syntax is gone. Front ends lower a source into a [`Module`];
//! the evaluator follows values through it. Knows no grammar.

mod ir;

pub use ir::{
    Arg, Binding, Block, BlockId, Bound, Expr, ExprId, Kind, Module, ModuleBuilder, Op, Param, Piece, Scope, ScopeId,
    ScopeKind,
};
