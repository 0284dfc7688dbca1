//! What an object holds that its class does not tell: an attribute set on something opaque (`self._local.conn = ..`), a
//! connection that a pool opens and hands out.

use std::rc::Rc;
use std::sync::Arc;

use super::evaluate::{Call, Evaluator, Frame, InModule, Val, extend};
use super::ir::{Expr, ExprId, Kind, Module, ScopeId};
use super::known::{self, Known};
use super::members::enclosing_class;
use super::view::View;
use crate::lang::value::Value;

/// Assignments to one attribute, and openings in one class, that are looked at.
const PLACES: usize = 8;

impl<'p> Evaluator<'p> {
    /// What this module sets as the attribute `name` of the very same words that `base` is: thread-local storage, Flask's `g`,
    /// `app.state`.
    pub(super) fn set_on_same(
        &self,
        at: usize,
        module: &'p Module,
        expr: &Expr,
        base: ExprId,
        name: &Arc<str>,
        frame: &Frame,
    ) -> Vec<Val> {
        let words = |expr: ExprId| module.source.slice(module.expr(expr).span);
        let own = words(base).split('.').next().is_some_and(|root| matches!(root, "self" | "this" | "cls"));
        let class = |scope: ScopeId| own.then(|| enclosing_class(module, scope));
        let mut found = Vec::new();
        for (object, value) in View::set_within(module, name).take(PLACES) {
            if words(object) != words(base) || class(module.expr(value).scope) != class(expr.scope) {
                continue;
            }
            let scope = (at, module.expr(value).scope);
            let frame = in_scope(scope, frame);
            extend(&mut found, self.guarded(|| self.eval(at, value, &frame)));
        }
        found.retain(|val| matches!(val, Val::Text(_) | Val::Connection(_) | Val::Instance(..)));
        found
    }

    /// The databases that an object opens in its own methods: what a pool gives where its queue tells nothing.
    pub(super) fn opened_by(&self, object: &Val) -> Vec<Val> {
        let Val::Instance((at, class), _) = object else { return Vec::new() };
        let Some(module) = self.program.module(*at) else { return Vec::new() };
        let mut values: Vec<Value> = Vec::new();
        for &call in &module.calls {
            let Kind::Call { callee, .. } = &module.expr(call).kind else { continue };
            let (Kind::Name(name) | Kind::Member(_, name)) = &module.expr(*callee).kind else { continue };
            if !known::may_open(name) || enclosing_class(module, module.expr(call).scope) != Some(*class) {
                continue;
            }
            let opens = |val: &Val| matches!(val, Val::External(name) if matches!(self.program.known(name), Some(Known::Open(_))));
            if !self.guarded(|| self.eval(*at, *callee, &None)).iter().any(opens) {
                continue;
            }
            let frame = Some(Rc::new(Call::new((*at, module.expr(call).scope), Vec::new(), Some(object.clone()))));
            for val in self.guarded(|| self.eval(*at, call, &frame)) {
                if let Val::Connection(opened) = val {
                    values.extend(opened.iter().filter(|value| !value.is_opaque()).cloned());
                }
            }
            if values.len() >= PLACES {
                break;
            }
        }
        if values.is_empty() { Vec::new() } else { vec![Val::Connection(Rc::new(values))] }
    }

    /// What a method of an object gives where its own words do not tell, and its name says that it is a connection.
    pub(super) fn handed_out(&self, function: InModule<ScopeId>, this: Option<&Val>) -> Vec<Val> {
        let name = self.program.module(function.0).map(|module| module.scope(function.1).name.clone());
        match (this, name) {
            (Some(this), Some(name)) if known::gives_connection(&name) => self.guarded(|| self.opened_by(this)),
            _ => Vec::new(),
        }
    }
}

/// Nothing that can be followed further.
pub(super) fn is_opaque(val: &Val) -> bool {
    match val {
        Val::Unknown | Val::Null | Val::External(_) => true,
        Val::Method(whole, _) => is_opaque(whole),
        _ => false,
    }
}

/// The frame of another method of the same object.
fn in_scope(scope: InModule<ScopeId>, frame: &Frame) -> Frame {
    let call = frame.as_ref()?;
    if call.scope == scope {
        return frame.clone();
    }
    let this = call.this.clone()?;
    Some(Rc::new(Call::new(scope, Vec::new(), Some(this))))
}
