//! The word that was probably meant. Knows only words.

/// The candidate nearest to `word`, when one is near enough to be worth a "did you mean".
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = plain(word);
    candidates
        .into_iter()
        .map(|candidate| (closeness(&word, &plain(candidate)), candidate))
        .filter(|(closeness, _)| *closeness >= 0.7)
        .max_by(|one, other| one.0.total_cmp(&other.0).then(other.1.cmp(one.1)))
        .map(|(_, candidate)| candidate)
}

/// `Allowed_In` and `allowed-in` are one word to a person.
fn plain(word: &str) -> String {
    word.to_lowercase().replace(['_', ' '], "-")
}

fn closeness(word: &str, candidate: &str) -> f64 {
    // An abbreviation (`temp`, `env-var`) is near to what it begins, whatever the edit distance says.
    let begins =
        word.len() >= 3 && candidate.len() >= 3 && (candidate.starts_with(word) || word.starts_with(candidate));
    strsim::normalized_damerau_levenshtein(word, candidate).max(if begins { 0.75 } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant() {
        let keys = ["path", "env", "aliases", "allowed-in", "why"];
        for (word, meant) in [
            ("pth", Some("path")),
            ("allowed_in", Some("allowed-in")),
            ("alias", Some("aliases")),
            ("Env", Some("env")),
            ("owner", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, keys), meant, "{word}");
        }
    }
}
