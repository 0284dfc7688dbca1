//! What configuration formats share: settings, volumes, commands and text with holes. Knows no grammar.

mod command;
mod document;
mod gather;
mod interpolation;
pub(super) mod mask;
mod meaning;
#[cfg(test)]
pub(super) mod testing;
mod write;

pub(super) use command::{exec, shell_text};
pub(super) use document::{Content, Document, ItemId, Key, Quoting, decoded};
pub(super) use gather::{Gather, Token, is_folder_variable};
pub(super) use interpolation::{confidence, is_variable, names_database, probe, unquoted, value};
pub(super) use meaning::{is_dotenv, is_yaml, understand};
pub(super) use write::{in_heredoc, whole_words, write};
