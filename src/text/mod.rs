//! Text that was read: sources, spans and positions. Knows nothing of files on disk or of languages.

mod snippet;
mod source;

pub use snippet::Snippet;
pub use source::{Encoding, Place, Position, Source, Span};
