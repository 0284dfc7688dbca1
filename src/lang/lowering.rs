//! What the walks over syntax trees share: where in the program they stand, and how deep. Knows no language.

use tree_sitter::Node;

use super::program::{BlockId, ScopeId};
use crate::text::Span;

/// Operands of one expression (`a + b + ..`): who follows it inwards comes this deep, because a stack has an end.
pub(super) const LONGEST_CHAIN: usize = 1_000;

/// Where in the program the walk stands.
#[derive(Clone, Copy)]
pub(super) struct At {
    pub(super) scope: ScopeId,
    pub(super) block: BlockId,
    /// The class whose method this is: `self.x = ..`, `this.x = ..` set its members.
    pub(super) class: Option<ScopeId>,
    /// How many levels may still follow.
    pub(super) levels: u32,
}

impl At {
    pub(super) fn deeper(self) -> Option<Self> {
        Some(Self { levels: self.levels.checked_sub(1)?, ..self })
    }
}

pub(super) fn span(node: Node<'_>) -> Span {
    Span::new(node.start_byte(), node.end_byte())
}
