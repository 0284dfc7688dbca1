//! Rows that an index over expressions, or over some rows alone, would hold to be one. The parts of such an index are known only
//! by its text. Writes only to `temp`.

use super::Work;
use super::catalogue::{self, Unique};
use super::matching::{Way, equal, numbered, of};
use super::reading::Reading;
use crate::db::quote;
use crate::migrate::Stop;

/// Notes which rows of the source meet a row of the stage in an index that is no list of columns.
pub(super) fn by_index(
    work: &Work<'_>,
    reading: &Reading,
    way: &Way<'_>,
    unique: &Unique,
    old: &[String],
    new: &[String],
) -> Result<(), Stop> {
    let sql = format!(
        "SELECT sql FROM main.sqlite_schema WHERE type = 'index' AND name = '{}' AND sql IS NOT NULL",
        unique.index.replace('\'', "''")
    );
    let text: Vec<String> = catalogue::rows(&work.db, &sql, |row| row.get(0))?;
    let Some((parts, condition)) = text.first().and_then(|text| parts(text)) else { return Ok(()) };
    let mut coming = Vec::new();
    for column in way.target.stored() {
        let value = reading.column(work, way.member, way.table, column)?;
        coming.push(format!("{} AS {}", value.unwrap_or_else(|| "NULL".to_owned()), quote(&column.name)));
    }
    let named = |letter: char, count: usize| -> Vec<String> {
        (0..count).map(|at| quote(&format!("dbguard {letter}{at}"))).collect()
    };
    let as_named = |values: Vec<String>, names: &[String]| -> String {
        values.iter().zip(names).map(|(value, name)| format!("{value} AS {name}")).collect::<Vec<_>>().join(", ")
    };
    let (olds, news, values) = (named('o', old.len()), named('n', new.len()), named('e', parts.len()));
    let meet: Vec<String> = values
        .iter()
        .zip(&unique.collations)
        .map(|(value, collation)| format!("x.{value} = y.{value} COLLATE {}", quote(collation)))
        .collect();
    let from =
        |alias: &str, names: &[String]| -> Vec<String> { names.iter().map(|it| format!("{alias}.{it}")).collect() };
    let sql = format!(
        "INSERT INTO temp.m{at} SELECT {x_keys}, {y_keys}, 'unique' FROM
           (SELECT {olds}, {parts} FROM (SELECT {own_keys}, {coming} FROM src.{own} AS s) WHERE {condition}) AS x
           JOIN (SELECT {stage_keys}, {parts} FROM main.{target} AS t WHERE {condition}) AS y ON {meet}
         WHERE NOT EXISTS (SELECT 1 FROM temp.m{at} AS k WHERE {known}) GROUP BY {x_keys}",
        at = way.at,
        x_keys = from("x", &olds).join(", "),
        y_keys = from("y", &news).join(", "),
        olds = olds.join(", "),
        parts = as_named(parts, &values),
        own_keys = as_named(of("s", old), &olds),
        coming = coming.join(", "),
        own = quote(&way.table.name),
        stage_keys = as_named(of("t", new), &news),
        target = quote(&way.target.name),
        meet = meet.join(" AND "),
        known = equal(&from("x", &olds), &numbered("k.", 'o', old.len())),
    );
    // An expression over a column that is computed: a clash in it stops the load, as it always did.
    let Ok(mut statement) = work.db.prepare(&sql) else { return Ok(()) };
    statement.execute([])?;
    Ok(())
}

/// The parts of an index and the condition of its rows, as its text has them: `CREATE UNIQUE INDEX i ON t(a, lower(b)) WHERE c`.
fn parts(sql: &str) -> Option<(Vec<String>, String)> {
    let mut parts = Vec::new();
    let (mut depth, mut quoted, mut begin) = (0_u32, None, 0);
    for (at, letter) in sql.char_indices() {
        match (quoted, letter) {
            (Some(end), letter) if letter == end => quoted = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quoted = Some(letter),
            (None, '[') => quoted = Some(']'),
            (None, '(') => {
                depth += 1;
                if depth == 1 {
                    begin = at + 1;
                }
            }
            (None, ',') if depth == 1 => {
                parts.push(without_order(sql.get(begin..at)?));
                begin = at + 1;
            }
            (None, ')') => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    parts.push(without_order(sql.get(begin..at)?));
                    let rest = sql.get(at + 1..)?.trim();
                    let condition = rest.get(..5).filter(|word| word.eq_ignore_ascii_case("WHERE"));
                    let condition = condition.and_then(|_| rest.get(5..)).unwrap_or("1");
                    return Some((parts, format!("({condition}\n)")));
                }
            }
            _ => {}
        }
    }
    None
}

fn without_order(part: &str) -> String {
    let part = part.trim();
    for order in ["ASC", "DESC"] {
        let Some(at) = part.len().checked_sub(order.len()) else { continue };
        let before = part.get(..at).filter(|it| it.ends_with(char::is_whitespace));
        if let (Some(before), Some(end)) = (before, part.get(at..))
            && end.eq_ignore_ascii_case(order)
        {
            return format!("({})", before.trim());
        }
    }
    format!("({part})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_an_index_are_read_from_its_text() {
        for (sql, expected, condition) in [
            ("CREATE UNIQUE INDEX i ON t(lower(a), b DESC)", vec!["(lower(a))", "(b)"], "(1\n)"),
            (
                "CREATE UNIQUE INDEX \"i(\" ON [t(x](a COLLATE NOCASE asc) where b > ')'",
                vec!["(a COLLATE NOCASE)"],
                "( b > ')'\n)",
            ),
            (
                "CREATE UNIQUE INDEX i ON t(substr(a, 1, 2), desc_)WHERE(c)",
                vec!["(substr(a, 1, 2))", "(desc_)"],
                "((c)\n)",
            ),
        ] {
            let found = parts(sql).unwrap();
            assert_eq!(
                (found.0.iter().map(String::as_str).collect::<Vec<_>>(), found.1.as_str()),
                (expected, condition)
            );
        }
        assert_eq!(parts("CREATE UNIQUE INDEX i ON t(a"), None);
    }
}
