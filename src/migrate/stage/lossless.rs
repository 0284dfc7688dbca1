//! Whether a column of another type would keep every value of a source. Writes only to `temp`.

use super::Work;
use super::catalogue::number;
use super::matching::Way;
use super::reading::affinity;
use crate::db::quote;
use crate::migrate::Stop;

/// Stops where a value would come back from the target as another one.
pub(super) fn check(work: &Work<'_>, way: &Way<'_>) -> Result<(), Stop> {
    for column in way.table.stored() {
        let target = way
            .member
            .columns
            .iter()
            .find(|(_, own)| *own == column.name)
            .and_then(|(result, _)| way.target.column(result));
        let Some(target) = target else { continue };
        let (ours, theirs) = (affinity(&column.declared), affinity(&target.declared));
        if ours == theirs {
            continue;
        }
        let own = quote(&column.name);
        work.db.execute_batch(&format!(
            "CREATE TEMP TABLE probe(was, became {theirs}, again {ours});
             INSERT INTO temp.probe SELECT s.{own}, s.{own}, NULL FROM src.{} AS s WHERE s.{own} IS NOT NULL AND typeof(s.{own}) <> 'blob';
             UPDATE temp.probe SET again = CASE WHEN typeof(became) = 'text' THEN became ELSE CAST(became AS {cast}) END;",
            quote(&way.table.name),
            cast = if ours == "BLOB" { "NUMERIC" } else { ours },
        ))?;
        let lost = number(
            &work.db,
            "SELECT count(*) FROM temp.probe WHERE NOT (typeof(was) = typeof(became) AND was IS became)
             AND NOT (typeof(was) = typeof(again) AND was IS again)",
        );
        work.db.execute_batch("DROP TABLE temp.probe")?;
        let lost = lost?;
        if lost > 0 {
            return Err(Stop::new(
                format!("`{}`.`{}`: {lost} values would change", way.member.target, target.name),
                format!(
                    "the source declares {} and the result {}, which would store them as others",
                    if column.declared.is_empty() { "no type" } else { &column.declared },
                    if target.declared.is_empty() { "no type" } else { &target.declared },
                ),
                "list the source with the wider type first in `from`, or keep the column apart: map it to another name, or drop it",
            ));
        }
    }
    Ok(())
}
