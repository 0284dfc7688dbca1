//! What a change adds: findings of one tree that another does not account for. Matches by content and count, not by line.

use std::collections::{BTreeMap, HashMap};

use crate::finding::{Finding, Fingerprint};

/// A finding of the tree before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    /// Where it would stand now: the name that its file has after the change.
    pub file: String,
    pub line: u32,
    pub fingerprint: Fingerprint,
}

/// For each finding whether it is new. Where a file has more of one fingerprint than before, those are new that stand on
/// no line on which one stood, then the later ones.
#[must_use]
pub fn added(findings: &[Finding], fingerprints: &[Fingerprint], before: &[Before]) -> Vec<bool> {
    let mut old: HashMap<(&str, &Fingerprint), Vec<u32>> = HashMap::new();
    for it in before {
        old.entry((&it.file, &it.fingerprint)).or_default().push(it.line);
    }
    let mut groups: BTreeMap<(&str, &Fingerprint), Vec<usize>> = BTreeMap::new();
    for (index, (finding, fingerprint)) in findings.iter().zip(fingerprints).enumerate() {
        groups.entry((&finding.place.file, fingerprint)).or_default().push(index);
    }
    let mut is_new = vec![true; findings.len()];
    for (key, mut group) in groups {
        let Some(lines) = old.get(&key) else { continue };
        let line = |index: &usize| findings.get(*index).map_or(0, |finding| finding.place.start.line);
        group.sort_by_key(|index| (!lines.contains(&line(index)), *index));
        for index in group.into_iter().take(lines.len()) {
            if let Some(is_new) = is_new.get_mut(index) {
                *is_new = false;
            }
        }
    }
    is_new
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;
    use crate::text::{Place, Position};

    fn at(file: &str, line: u32) -> Finding {
        let mut place = Place::whole(file.into());
        place.start = Position { line, column: 1 };
        Finding {
            rule: "hardcoded-path".to_owned(),
            severity: Severity::Error,
            place,
            message: "".into(),
            help: None,
            labels: Vec::new(),
            database: None,
            table: None,
            remedy: None,
        }
    }

    #[test]
    fn what_was_there_is_not_new_wherever_it_stands_now() {
        for (what, before, after, expected) in [
            ("moved down", &[("a.py", 3, "x")][..], &[("a.py", 9, "x")][..], &[false][..]),
            ("another content on the line", &[("a.py", 3, "x")], &[("a.py", 3, "y")], &[true]),
            ("one more", &[("a.py", 3, "x")], &[("a.py", 3, "x"), ("a.py", 4, "x")], &[false, true]),
            ("one more above it", &[("a.py", 3, "x")], &[("a.py", 1, "x"), ("a.py", 3, "x")], &[true, false]),
            ("in another file", &[("a.py", 3, "x")], &[("b.py", 3, "x")], &[true]),
            ("one of two gone", &[("a.py", 3, "x"), ("a.py", 5, "x")], &[("a.py", 8, "x")], &[false]),
        ] {
            let print = |words: &str| Fingerprint::of(&at("", 1), words, None);
            let findings: Vec<Finding> = after.iter().map(|(file, line, _)| at(file, *line)).collect();
            let prints: Vec<Fingerprint> = after.iter().map(|(_, _, words)| print(words)).collect();
            let before: Vec<Before> = before
                .iter()
                .map(|(file, line, words)| Before { file: (*file).to_owned(), line: *line, fingerprint: print(words) })
                .collect();
            assert_eq!(added(&findings, &prints, &before), expected, "{what}");
        }
    }
}
