//! `dbguard rule`: what the rules are, and what one of them means.

use super::Session;
use super::failure::{Exit, Failure};
use crate::output::rule_list;
use crate::policy::nearest;
use crate::rules;

/// List the rules, or explain one
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dbguard rule                   every rule in a line
  dbguard rule hardcoded-path    what it finds, what it leaves alone, and why")]
pub(super) struct Args {
    /// The rule to explain
    #[arg(value_name = "ID")]
    id: Option<String>,
}

pub(super) fn run(args: &Args, session: &Session<'_>) -> Result<Exit, Failure> {
    let mut out = Vec::new();
    match &args.id {
        None => rule_list(&session.look(), &mut out).map_err(|error| Failure::output(&error))?,
        Some(id) => {
            let card = rules::card(id).ok_or_else(|| {
                let next = match nearest(id, rules::ids()) {
                    Some(nearest) => format!("did you mean `{nearest}`? `dbguard rule` lists them"),
                    None => "`dbguard rule` lists them".to_owned(),
                };
                Failure::usage("no such rule", format!("no rule is called `{id}`"), next)
            })?;
            out.extend_from_slice(rules::page(card).as_bytes());
        }
    }
    session.print(&out)?;
    Ok(Exit::Clean)
}
