//! The only place where an identifier enters SQL. Knows nothing of connections.

/// `name` as a quoted identifier: safe whatever it holds (quotes, spaces, keywords).
#[must_use]
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::identifier;

    #[test]
    fn quotes_are_doubled() {
        for (name, quoted) in
            [("users", "\"users\""), ("a\"b", "\"a\"\"b\""), ("", "\"\""), ("o'neil; --", "\"o'neil; --\"")]
        {
            assert_eq!(identifier(name), quoted);
        }
    }
}
