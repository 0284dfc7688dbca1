//! Functions of the tree that put quotes around a name: `def quote(name): return '"' + name.replace('"', '""') + '"'`.

use super::ir::{ExprId, Kind, Module, Op, Piece, ScopeId};

/// The parameter that such a function puts its quotes around.
pub(super) fn quoted_parameter(module: &Module, function: ScopeId) -> Option<usize> {
    let scope = module.scope(function);
    let [value] = scope.returns.as_slice() else { return None };
    let mut parts = Vec::new();
    take_apart(module, *value, &mut parts, 0);
    let [Part::Text(before), Part::Value(name), Part::Text(after)] = parts.as_slice() else { return None };
    let is_pair = matches!((before.as_str(), after.as_str()), ("\"", "\"") | ("`", "`") | ("[", "]"));
    let name = inner(module, *name);
    let Kind::Name(name) = &module.expr(name).kind else { return None };
    scope.params.iter().position(|param| param.name == *name).filter(|_| is_pair)
}

enum Part {
    Text(String),
    Value(ExprId),
}

fn take_apart(module: &Module, expr: ExprId, parts: &mut Vec<Part>, depth: u32) {
    match &module.expr(expr).kind {
        Kind::Text(pieces) => parts.extend(pieces.iter().map(|piece| match piece {
            Piece::Text(text, _) => Part::Text(text.clone()),
            Piece::Hole(hole) => Part::Value(*hole),
        })),
        Kind::Binary { op: Op::Add, left, right } if depth < 4 => {
            take_apart(module, *left, parts, depth + 1);
            take_apart(module, *right, parts, depth + 1);
        }
        _ => parts.push(Part::Value(expr)),
    }
}

/// `name` of `name.replace('"', '""')`.
fn inner(module: &Module, expr: ExprId) -> ExprId {
    if let Kind::Call { callee, .. } = &module.expr(expr).kind
        && let Kind::Member(base, method) = &module.expr(*callee).kind
        && matches!(method.as_ref(), "replace" | "replaceAll")
    {
        return *base;
    }
    expr
}
