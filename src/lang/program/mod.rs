//! Programs: what Python and JavaScript share once their syntax is gone. Front ends lower a source into a [`Module`];
//! the evaluator follows values through it. Knows no grammar.

mod arguments;
mod behind;
mod builders;
mod calls;
mod catalogue;
mod collections;
mod commands;
mod compared;
mod derived;
mod destroys;
mod digests;
mod django;
mod entities;
mod environment;
mod evaluate;
mod facts;
mod fields;
mod files;
mod fillers;
mod fillings;
mod handed;
mod held;
mod indexes;
mod inherited;
mod ir;
mod kept;
mod keyed_types;
mod knex;
mod known;
mod kysely;
mod libraries;
mod literals;
mod members;
mod messages;
mod metas;
mod models;
mod names;
mod naming;
mod objects;
mod opens;
mod options;
mod origins;
mod outline;
mod partial;
mod paths;
mod pieces;
#[expect(clippy::module_inception, reason = "the program is what this room is about")]
mod program;
mod prose;
mod queries;
mod quoting;
mod relays;
mod schemas;
mod script;
mod settings;
mod slots;
mod spoken;
mod steps;
mod strays;
mod tables;
mod templates;
mod usage;
mod view;
mod written_out;

#[cfg(test)]
pub(crate) use facts::read_among;
pub use facts::{Heard, Opened, read_alone};
pub use files::Files;
pub use indexes::places;
pub use ir::{
    Arg, Binding, Block, BlockId, Bound, Expr, ExprId, Kind, Module, ModuleBuilder, Op, Param, Piece, Scope, ScopeId,
    ScopeKind,
};
pub(in crate::lang) use models::snake;
pub use outline::{Outline, Outlines};
pub use program::{Loader, Program, WrapperOpener, is_program};
