//! How the policy names a function that opens databases: `app.db.DBRouter(1)`, `open_store(path)`.

use super::{Argument, Opener};

/// The reason is in words for people.
pub(super) fn parse(text: &str) -> Result<Opener, &'static str> {
    let text = text.trim();
    let (function, argument) = match text.split_once('(') {
        None => (text, "0"),
        Some((function, rest)) => {
            let Some(argument) = rest.strip_suffix(')') else {
                return Err("the bracket is not closed");
            };
            (function.trim_end(), argument.trim())
        }
    };
    if function.is_empty() || !function.split('.').all(is_name) {
        return Err("this is no name of a function");
    }
    let argument = if argument.is_empty() {
        return Err("the brackets hold the position or the name of the path argument");
    } else if argument.bytes().all(|byte| byte.is_ascii_digit()) {
        Argument::Position(argument.parse().map_err(|_| "no function has that many arguments")?)
    } else if is_name(argument) {
        Argument::Keyword(argument.to_owned())
    } else {
        return Err("the brackets hold one position (counted from 0) or one name");
    };
    Ok(Opener { function: function.to_owned(), argument })
}

fn is_name(word: &str) -> bool {
    word.chars().next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && word.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openers() {
        let position = |function: &str, position| {
            Ok(Opener { function: function.to_owned(), argument: Argument::Position(position) })
        };
        assert_eq!(parse("app.db.DBRouter(1)"), position("app.db.DBRouter", 1));
        assert_eq!(parse("x(0)"), position("x", 0));
        assert_eq!(parse("open_store"), position("open_store", 0));
        assert_eq!(
            parse("open_store(path)"),
            Ok(Opener { function: "open_store".to_owned(), argument: Argument::Keyword("path".to_owned()) })
        );
        for wrong in ["", "a b(0)", "x(", "x()", "x(-1)", "x(a, b)", ".x(0)", "x(99999999999999999999999)"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
