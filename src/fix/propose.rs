//! What would mend each finding: its remedy as a change, the change as edits, and how safe they are. Touches no file.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::ignore;
use super::listed::{stands_among_files, stands_in_list};
use crate::check::Report;
use crate::finding::{FileEdit, Finding, Fix, Remedy, Safety};
use crate::lang::write::{Access, Change, Keep, Refusal, Written, destroys_files, names_other_file, write};
use crate::lang::{Destroyed, EnvRead, Language, Reference, Role, Setting, Value, names, without_allow};
use crate::policy::Policy;
use crate::rules::{self, Fixable, Standing};
use crate::scan::{Context, Inventory, Linked, with_threads};
use crate::text::Source;

/// A finding with what would mend it, or the reason why nothing is written.
#[derive(Debug, Clone)]
pub struct Proposal<'f> {
    pub finding: &'f Finding,
    pub fix: Result<Fix, String>,
}

/// Databases whose rows have been moved to where the policy wants them, by path as the inventory names them.
pub type Moved = BTreeSet<String>;

/// A fix, or a reason, for every finding that has a remedy. `source` gives a file of the tree as the inventory saw it.
#[must_use]
pub fn proposals<'f>(
    inventory: &Inventory,
    policy: &Policy,
    report: &'f Report,
    moved: &Moved,
    source: &(dyn Fn(&str) -> Option<Arc<Source>> + Sync),
) -> Vec<Proposal<'f>> {
    let facts = Facts::new(inventory, policy, moved);
    let mut by_file: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in report.findings.iter().filter(|finding| finding.remedy.is_some()) {
        by_file.entry(&finding.place.file).or_default().push(finding);
    }
    let of_file = |(file, findings): (&str, Vec<&'f Finding>)| {
        let (ignores, others): (Vec<_>, Vec<_>) =
            findings.into_iter().partition(|finding| matches!(finding.remedy, Some(Remedy::AddIgnore { .. })));
        let mut found: Vec<Proposal<'f>> = ignores.into_iter().map(|finding| facts.ignored(finding, source)).collect();
        if !others.is_empty() {
            found.extend(facts.of_file(file, &others, source));
        }
        found
    };
    let by_file: Vec<(&str, Vec<&Finding>)> = by_file.into_iter().collect();
    let mut found = with_threads(0, || by_file.into_par_iter().map(of_file).collect::<Vec<_>>()).concat();
    renamed_whole(&mut found);
    variables_whole(&facts, &mut found, source);
    found
}

/// A variable keeps its name in code while configuration gives it something else than the policy's database: that would be set for
/// nobody. Tests hold nothing back: they give each database a file of its own.
fn variables_whole(
    facts: &Facts<'_>,
    proposals: &mut [Proposal<'_>],
    source: &(dyn Fn(&str) -> Option<Arc<Source>> + Sync),
) {
    let read: BTreeSet<&str> = facts.inventory.env_reads.iter().map(|it| it.fact.name.as_str()).collect();
    let is_asked = |it: &&Linked<Setting>| it.context == Context::Config && read.contains(it.fact.name.as_str());
    let mut asked = facts.inventory.settings.iter().filter(is_asked).peekable();
    if asked.peek().is_none() {
        return;
    }
    let standings = rules::Applied::new(facts.inventory, facts.policy);
    let mut set: BTreeMap<&str, String> = BTreeMap::new();
    for setting in asked {
        let standing = setting.databases.first().map(|database| standings.standing(*database));
        if !matches!(standing, Some(Standing::Primary | Standing::Specialised(_))) {
            let place = &setting.fact.place;
            set.entry(&setting.fact.name).or_insert_with(|| format!("{}:{}", place.file, place.start.line));
        }
    }
    for proposal in proposals.iter_mut() {
        let Ok(fix) = &proposal.fix else { continue };
        let file = &proposal.finding.place.file;
        let reads =
            facts.inventory.env_reads.iter().filter(|it| it.context == Context::Code && it.fact.place.file == *file);
        let mut reads = reads.filter_map(|it| Some((it, set.get(it.fact.name.as_str())?))).peekable();
        let Some(source) = reads.peek().and_then(|_| source(file)) else { continue };
        let renames = |read: &EnvRead| {
            let own = |edit: &&FileEdit| edit.file == *file && read.place.span.contains(edit.edit.span);
            let is_word = |text: &str| stands_in(text, &read.name);
            fix.edits.iter().filter(own).any(|it| is_word(source.slice(it.edit.span)) && !is_word(&it.edit.text))
        };
        let held = reads.find(|(read, _)| renames(&read.fact)).map(|(read, place)| {
            format!(
                "{place} sets `{}`, and would do so for nobody: mend that first, so that the name changes in all places",
                read.fact.name
            )
        });
        if let Some(reason) = held {
            proposal.fix = Err(reason);
        }
    }
}

/// A table whose name cannot be written in one place keeps it in all.
fn renamed_whole(proposals: &mut [Proposal<'_>]) {
    let rename = |proposal: &Proposal<'_>| match &proposal.finding.remedy {
        Some(Remedy::RenameTable { from, to, .. }) => Some((from.to_ascii_lowercase(), to.clone())),
        _ => None,
    };
    let mut held: BTreeMap<(String, String), String> = BTreeMap::new();
    for proposal in proposals.iter() {
        if let (Some(table), Err(reason)) = (rename(proposal), &proposal.fix) {
            let place = &proposal.finding.place;
            held.entry(table).or_insert_with(|| {
                format!(
                    "mend {}:{} by hand first, so that all places change together: {reason}",
                    place.file, place.start.line
                )
            });
        }
    }
    for proposal in proposals.iter_mut().filter(|proposal| proposal.fix.is_ok()) {
        if let Some(reason) = rename(proposal).and_then(|table| held.get(&table)) {
            proposal.fix = Err(reason.clone());
        }
    }
}

struct Facts<'a> {
    inventory: &'a Inventory,
    policy: &'a Policy,
    moved: &'a Moved,
    access: Access,
    languages: BTreeMap<&'a str, Language>,
    /// References by file, with those that follow from a literal in it.
    references: BTreeMap<&'a str, Vec<&'a Linked<Reference>>>,
}

/// What a finding's remedy asks of the language, with what a person is told of it.
struct Asked<'a> {
    change: Change<'a>,
    title: String,
    /// The remedy leads to another database.
    retargets: bool,
}

impl<'a> Facts<'a> {
    fn new(inventory: &'a Inventory, policy: &'a Policy, moved: &'a Moved) -> Self {
        let mut references: BTreeMap<&str, Vec<&Linked<Reference>>> = BTreeMap::new();
        for reference in &inventory.references {
            let mut files = BTreeSet::from([&*reference.fact.place.file]);
            files.extend(reference.fact.values.iter().filter_map(|value| value.origin.as_ref()).map(|it| &*it.file));
            for file in files {
                references.entry(file).or_default().push(reference);
            }
        }
        let access = Access {
            template: policy.python.access.as_ref().map_or(DEFAULT_ACCESS, |access| &access.value).to_owned(),
            import: policy.python.import.as_ref().map(|import| import.value.clone()),
        };
        let languages = inventory.sources.iter().map(|source| (source.path.as_str(), source.language)).collect();
        Self { inventory, policy, moved, access, languages, references }
    }

    fn of_file<'f>(
        &self,
        file: &str,
        findings: &[&'f Finding],
        source: &dyn Fn(&str) -> Option<Arc<Source>>,
    ) -> Vec<Proposal<'f>> {
        let refused = |finding: &'f Finding, words: &str| Proposal { finding, fix: Err(words.to_owned()) };
        let (Some(language), Some(source)) = (self.languages.get(file).copied(), source(file)) else {
            return findings.iter().map(|&finding| refused(finding, "the file cannot be read")).collect();
        };
        let mut asked = Vec::new();
        let mut found = Vec::new();
        for &finding in findings {
            let value = self.value(finding);
            if let Some(Remedy::RemoveAllow { rule }) = &finding.remedy {
                found.push(without_comment(finding, rule, language, &source));
                continue;
            }
            let elsewhere = self
                .stands_elsewhere(finding, language)
                .or_else(|| self.is_listed(finding, &value, &source))
                .map(str::to_owned)
                .or_else(|| self.is_made_by_command(finding, &source));
            match elsewhere {
                Some(words) => found.push(refused(finding, &words)),
                None => asked.push((finding, value)),
            }
        }
        let changes: Vec<(&'f Finding, Asked<'_>)> = asked
            .iter()
            .filter_map(|(finding, value)| Some((*finding, self.asked(finding, language, value, &source)?)))
            .collect();
        let only: Vec<Change<'_>> = changes.iter().map(|(_, asked)| asked.change).collect();
        for ((finding, asked), written) in changes.into_iter().zip(write(&source, language, &only)) {
            found.push(self.proposal(finding, &asked, written, &source));
        }
        found
    }

    fn proposal<'f>(&self, finding: &'f Finding, asked: &Asked<'_>, written: Written, source: &Source) -> Proposal<'f> {
        let destroyed = self.destroyed(finding, asked, source);
        let fix = match written.and_then(|edits| destroyed.map_or(Ok(edits), Err)) {
            Err(refusal) => Err(refusal.0),
            Ok(edits) if edits.is_empty() => Err("there is nothing to change".to_owned()),
            // The bytes of another encoding are kept as they are, so nothing may be added that depends on it.
            Ok(edits)
                if source.encoding == crate::text::Encoding::Latin1
                    && edits.iter().any(|edit| !edit.text.is_ascii()) =>
            {
                Err("the file is not UTF-8, and its encoding is not known".to_owned())
            }
            Ok(edits) => {
                let (safety, why) = self.safety(finding, asked, &edits, source);
                let file = |edit| FileEdit { file: Arc::clone(&source.path), edit };
                Ok(Fix { title: asked.title.clone(), safety, why, edits: edits.into_iter().map(file).collect() })
            }
        };
        Proposal { finding, fix }
    }

    /// Somewhere code does away with the file that is named here, and it would do so with another.
    fn destroyed(&self, finding: &Finding, asked: &Asked<'_>, source: &Source) -> Option<Refusal> {
        if !names_other_file(source, &asked.change) {
            return None;
        }
        let name = |path: &str| names::strip_url(path).rsplit(['/', '\\']).next().unwrap_or("").to_owned();
        let own = finding.database.as_deref().map(name);
        let is_meant = |destroyed: &Destroyed, value: &Value| {
            let here = value.origin.as_ref().is_some_and(|origin| {
                origin.file == finding.place.file
                    && (origin.span.contains(finding.place.span) || finding.place.span.contains(origin.span))
            });
            // What lies beside it (`path.with_suffix(".bak")`) is another file.
            here && (&*destroyed.by == "shutil.rmtree" || own.is_none() || value.file_name() == own)
        };
        let by = self.inventory.destroyed.iter().find(|it| it.values.iter().any(|value| is_meant(it, value)))?;
        Some(Refusal::of_destroyed(&by.by, &format!(" in {}:{}", by.place.file, by.place.start.line)))
    }

    fn ignored<'f>(&self, finding: &'f Finding, source: &dyn Fn(&str) -> Option<Arc<Source>>) -> Proposal<'f> {
        let Some(Remedy::AddIgnore { file, line }) = &finding.remedy else {
            return Proposal { finding, fix: Err("there is nothing to ignore".to_owned()) };
        };
        let fix = ignore::line_added(file, source(file).as_deref(), line).map(|edit| Fix {
            title: format!("add `{line}` to {file}"),
            safety: Safety::Safe.max(best(&finding.rule)),
            why: "an ignore file changes nothing that runs".to_owned(),
            edits: vec![edit],
        });
        Proposal { finding, fix }
    }

    /// The path as it is understood at the finding's place: the longest, because a name that is joined later is no path yet.
    fn value(&self, finding: &Finding) -> String {
        let place = &finding.place;
        let here = self.references.get(&*place.file).into_iter().flatten();
        let patterns = here.flat_map(|reference| {
            let own = reference.fact.place == *place;
            let values = reference.fact.values.iter();
            values.filter(move |value| value.origin.as_ref().map_or(own, |origin| origin == place))
        });
        let patterns = patterns.filter(|value| !value.is_opaque()).map(Value::pattern);
        patterns
            .reduce(|longest, next| if slashes(&next) > slashes(&longest) { next } else { longest })
            .unwrap_or_default()
    }

    /// The finding's place is no code of the file's own language, or is written out by it for another program.
    fn stands_elsewhere(&self, finding: &Finding, language: Language) -> Option<&'static str> {
        let here = self.references.get(&*finding.place.file).into_iter().flatten();
        let mut own = here.filter(|reference| reference.fact.place == finding.place);
        own.find_map(|reference| {
            if reference.fact.generated {
                Some("the text is written out for another program")
            } else if reference.fact.language != language
                && [language, reference.fact.language]
                    .iter()
                    .any(|it| matches!(it, Language::Python | Language::Javascript | Language::Typescript))
            {
                Some("the path is a part of a longer text: SQL, a command, or another program")
            } else {
                None
            }
        })
    }

    /// A command that the same program runs makes or deletes the file under its name, and goes on doing so: what opens it must not open
    /// another. The shell's own scripts are judged by what is written in them.
    fn is_made_by_command(&self, finding: &Finding, source: &Source) -> Option<String> {
        if !matches!(finding.remedy, Some(Remedy::Retarget { .. } | Remedy::UseEnvironment { .. })) {
            return None;
        }
        let place = &finding.place;
        let is_meant = |reference: &&&Linked<Reference>| {
            let fact = &reference.fact;
            let database = reference.databases.first().and_then(|id| self.inventory.databases.get(id.0));
            let bare = !source.slice(fact.place.span).contains(['"', '\'', '`']);
            fact.place.file == place.file
                && fact.place != *place
                && matches!(fact.language, Language::Python | Language::Javascript | Language::Typescript)
                && matches!(&*fact.construct, "redirection" | "rm" | "mv" | "unlink" | "truncate" | "shred")
                && bare
                && database.is_some_and(|database| Some(database.path.as_str()) == finding.database.as_deref())
        };
        let command = self.references.get(&*place.file)?.iter().find(is_meant)?;
        Some(format!(
            "a command in line {} makes or deletes the file: change both together",
            command.fact.place.start.line
        ))
    }

    /// The name of a file among others that nothing opens: what a backup leaves out, what a clean-up keeps. With its folder it is one
    /// of the files of a program, unless that deletes files or the others are no databases.
    fn is_listed(&self, finding: &Finding, value: &str, source: &Source) -> Option<&'static str> {
        if !matches!(finding.remedy, Some(Remedy::Retarget { .. } | Remedy::UseEnvironment { .. }))
            || value.contains(':')
        {
            return None;
        }
        let reason = match value.contains('/') {
            false => "it is one of a list of names, and nothing is seen to open it",
            true if destroys_files(&source.text) => {
                "it is one of a list of names, in a file that deletes or moves files"
            }
            // A list of databases is there to be opened.
            true if stands_among_files(&source.text, finding.place.span) => {
                "it is one of a list of names, and nothing is seen to open it"
            }
            true => return None,
        };
        let from_here = |reference: &&&Linked<Reference>| {
            let fact = &reference.fact;
            fact.place == finding.place
                || fact.values.iter().any(|value| value.origin.as_ref().is_some_and(|origin| *origin == finding.place))
        };
        let mut here = self.references.get(&*finding.place.file).into_iter().flatten().filter(from_here);
        let bound = here.all(|reference| matches!(reference.fact.role, Role::Binds | Role::Mentions));
        (bound && stands_in_list(&source.text, finding.place.span)).then_some(reason)
    }

    fn asked<'f>(
        &'f self,
        finding: &'f Finding,
        language: Language,
        value: &'f str,
        source: &Source,
    ) -> Option<Asked<'f>> {
        let at = finding.place.span;
        let is_program =
            matches!(language, Language::Python | Language::Javascript | Language::Typescript | Language::Shell);
        let short = |path: &str| names::strip_url(path).to_owned();
        Some(match finding.remedy.as_ref()? {
            Remedy::UseEnvironment { env, default } => {
                let imported = language == Language::Python && self.access.import.is_some();
                let written = short_path(value).filter(|written| {
                    !imported && source.slice(at).contains(written) && is_seen_from_elsewhere(written, default)
                });
                Asked {
                    change: Change::UseEnvironment {
                        at,
                        env,
                        default: written.unwrap_or(default),
                        access: &self.access,
                        keep: self.keep(finding, default),
                        value,
                    },
                    title: format!("read the path from `{env}`"),
                    retargets: false,
                }
            }
            Remedy::Retarget { path, env: Some(env) } if is_program => Asked {
                change: Change::UseEnvironment {
                    at,
                    env,
                    default: path,
                    access: &self.access,
                    keep: self.keep(finding, path),
                    value,
                },
                title: format!("read `{env}` in place of `{}`", short(value)),
                retargets: true,
            },
            Remedy::Retarget { path, .. } => Asked {
                change: Change::Retarget { at, path },
                title: format!("name `{path}` in place of `{}`", short(value)),
                retargets: true,
            },
            Remedy::RenameVariable { from, to } => Asked {
                change: match (&self.access.import, language) {
                    (Some(_), Language::Python) => Change::UseEnvironment {
                        at,
                        env: to,
                        default: self.policy.primary.as_ref().map_or("", |primary| primary.path.value.as_str()),
                        access: &self.access,
                        keep: Keep::Nothing,
                        value,
                    },
                    _ => Change::RenameVariable { at, from, to },
                },
                title: format!("read `{to}` in place of `{from}`"),
                retargets: false,
            },
            Remedy::SetDefault { env, default } if language == Language::Python => Asked {
                change: Change::UseEnvironment {
                    at,
                    env,
                    default,
                    access: &self.access,
                    keep: self.keep(finding, default),
                    value,
                },
                title: format!("make `{default}` the default of `{env}`"),
                retargets: true,
            },
            Remedy::SetDefault { env, default } => Asked {
                change: Change::SetValue { at, value: default },
                title: format!("make `{default}` the default of `{env}`"),
                retargets: true,
            },
            Remedy::RenameTable { to, declared: Some(how), .. } => Asked {
                change: Change::DeclareTable { at, to, how },
                title: format!("say that the table is called `{to}`"),
                retargets: true,
            },
            Remedy::RenameTable { from, to, declared: None } => Asked {
                change: Change::RenameTable { at, from, to },
                title: format!("call the table `{to}` in place of `{from}`"),
                retargets: true,
            },
            Remedy::SetValue { name, value } => Asked {
                change: Change::SetValue { at, value },
                title: format!("set `{name}` to `{value}` in place of `{}`", short(source.slice(at))),
                retargets: true,
            },
            Remedy::AddIgnore { .. } | Remedy::RemoveAllow { .. } => return None,
        })
    }

    /// How much of the way to the database stays the same when it becomes `path`.
    fn keep(&self, finding: &Finding, path: &str) -> Keep {
        if finding.rule == "hardcoded-path" {
            return Keep::Whole;
        }
        let Some(now) = finding.database.as_deref() else { return Keep::Nothing };
        let mut spelled = rules::spellings(path, self.inventory, self.policy);
        for database in &self.inventory.databases {
            if spelled.contains(&database.path) {
                spelled.extend(database.spellings.iter().cloned());
            }
        }
        let folder = |path: &str| path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        if spelled.iter().any(|it| it == now) {
            Keep::Whole
        } else if spelled.iter().any(|it| folder(it) == folder(now)) {
            Keep::Folder
        } else {
            // A database that lies at the root has every relative path below its folder.
            let below = |it: &String| match folder(now).as_str() {
                "" => Some(it.as_str()).filter(|it| !it.starts_with(['/', '~', '.'])).map(str::to_owned),
                folder => it.strip_prefix(&format!("{folder}/")).map(str::to_owned),
            };
            let tails = |rest: &String| path == rest || path.ends_with(&format!("/{rest}"));
            let rest = spelled.iter().filter_map(below).find(tails).filter(|_| !now.contains('*'));
            rest.map_or(Keep::Nothing, |rest| Keep::Below(slashes(&rest) + 1))
        }
    }

    /// Safe is what provably leads to the same database while the variable is not set, or to where its rows are now.
    fn safety(
        &self,
        finding: &Finding,
        asked: &Asked<'_>,
        edits: &[crate::text::Edit],
        source: &Source,
    ) -> (Safety, String) {
        let best = best(&finding.rule);
        let has_moved = finding.database.as_ref().is_some_and(|database| self.moved.contains(&**database));
        if asked.retargets {
            return match has_moved {
                true => (Safety::Safe, "its rows have been moved there".to_owned()),
                false => (Safety::Unsafe, unsafe_words(finding)),
            };
        }
        let Change::UseEnvironment { default, value, keep: Keep::Whole, .. } = asked.change else {
            return (Safety::Unsafe, unsafe_words(finding));
        };
        let stays = edits.iter().any(|edit| {
            let now = source.slice(edit.span);
            !now.is_empty() && edit.text.len() > now.len() && stands_in(&edit.text, now)
        });
        let same = names::strip_url(value) == default;
        match (best, stays || same) {
            (Safety::Safe, true) if stays && !same => {
                (Safety::Safe, "while the variable is not set, the path is put together as before".to_owned())
            }
            (Safety::Safe, true) => (Safety::Safe, "while the variable is not set, it is the same path".to_owned()),
            (Safety::Safe, false) => (
                Safety::Unsafe,
                format!(
                    "`{}` and `{default}` are one database to the policy; where they are not the same file, this opens another",
                    names::strip_url(value)
                ),
            ),
            (Safety::Unsafe, _) => (Safety::Unsafe, unsafe_words(finding)),
        }
    }
}

/// The words stand in the text by themselves, and not at the end of a longer path.
fn stands_in(text: &str, words: &str) -> bool {
    let goes_on = |letter: char| letter.is_alphanumeric() || matches!(letter, '/' | '\\' | '.' | '_' | '-' | '~');
    text.match_indices(words).any(|(start, _)| {
        let before = text.get(..start).and_then(|before| before.chars().next_back());
        let after = text.get(start + words.len()..).and_then(|after| after.chars().next());
        let is_longer = words.starts_with(goes_on) && before.is_some_and(|before| before != '-' && goes_on(before))
            || words.ends_with(goes_on) && after.is_some_and(goes_on);
        !is_longer
    })
}

/// A path without its scheme and query.
fn short_path(value: &str) -> Option<&str> {
    let path = names::strip_url(value);
    (!path.contains([':', '?', '{', '$', '*', '%', '\\'])).then_some(path)
}

/// Two relative paths to one database that start from different folders: the program runs in a folder of the tree, and its
/// own way there stays.
fn is_seen_from_elsewhere(written: &str, path: &str) -> bool {
    let tail = |path: &str| -> Option<String> {
        if path.is_empty() || path.starts_with(['/', '~']) {
            return None;
        }
        Some(path.split('/').skip_while(|part| matches!(*part, "." | "..")).collect::<Vec<_>>().join("/"))
    };
    let (Some(written), Some(path)) = (tail(written), tail(path)) else { return false };
    let ends = |whole: &str, end: &str| {
        whole.strip_suffix(end).is_some_and(|rest| !end.is_empty() && (rest.is_empty() || rest.ends_with('/')))
    };
    ends(&path, &written) || ends(&written, &path)
}

/// What a fix writes where the policy does not say.
const DEFAULT_ACCESS: &str = "os.environ.get(\"{env}\", \"{path}\")";

/// The best safety that the rule's card allows.
fn best(rule: &str) -> Safety {
    match rules::card(rule).map(|card| card.fix) {
        Some(Fixable::Safe) => Safety::Safe,
        _ => Safety::Unsafe,
    }
}

fn without_comment<'f>(finding: &'f Finding, rule: &str, language: Language, source: &Source) -> Proposal<'f> {
    let edit = without_allow(source, language, finding.place.span);
    let fix = edit.ok_or_else(|| "the comment is not found".to_owned()).map(|edit| Fix {
        title: format!("remove `allow[{rule}]`"),
        safety: Safety::Safe.max(best(&finding.rule)),
        why: "a comment changes nothing that runs".to_owned(),
        edits: vec![FileEdit { file: Arc::clone(&source.path), edit }],
    });
    Proposal { finding, fix }
}

fn slashes(path: &str) -> usize {
    path.matches('/').count()
}

fn unsafe_words(finding: &Finding) -> String {
    match finding.remedy {
        Some(Remedy::Retarget { .. }) => "its rows have not been moved yet, as far as dbguard knows",
        Some(Remedy::RenameVariable { .. } | Remedy::UseEnvironment { .. }) => {
            "where only the old variable is set, this opens another database"
        }
        Some(Remedy::SetDefault { .. }) => "where the variable is not set, this opens another database",
        Some(Remedy::RenameTable { .. }) => "the table has its new name only once it has been moved",
        _ => "the program is told another database",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::{is_seen_from_elsewhere, stands_in};

    #[test]
    fn what_stays_is_more_than_the_end_of_another_path() {
        for (text, words, expected) in [
            ("os.environ.get('X', 'a.db')", "'a.db'", true),
            ("${X:-a.db}", "a.db", true),
            ("\"${X:-/data/a.db}\"", "a.db", false),
            ("join(here, 'a.db') or x", "join(here, 'a.db')", true),
            ("a.db.old", "a.db", false),
        ] {
            assert_eq!(stands_in(text, words), expected, "{text}");
        }
    }

    #[test]
    fn two_relative_paths_may_start_from_different_folders() {
        for (written, path, expected) in [
            ("databases/a.db", "bot/databases/a.db", true),
            ("./databases/a.db", "databases/a.db", true),
            ("../data/a.db", "data/a.db", true),
            ("../a.db", "data/a.db", true),
            ("a.db", "data/ba.db", false),
            ("/data/a.db", "data/a.db", false),
            ("a.db", "/data/a.db", false),
            ("", "a.db", false),
        ] {
            assert_eq!(is_seen_from_elsewhere(written, path), expected, "{written}");
        }
    }
}
