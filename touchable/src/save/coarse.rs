//! Whether the touch column keeps what is written to it.

use sea_orm::{ConnectionTrait, sea_query::TableRef};

use crate::{
    clock::Stamp,
    dialect::Catalog,
    entity::Schema,
    error::{Error, Result},
};

/// Fails when the touch column keeps too few digits of a second.
///
/// What has come back only raises the suspicion: it can be the stamp of another write, which the application has set. The
/// catalog of the database decides.
pub(super) async fn check<C: ConnectionTrait>(
    db: &C,
    schema: &'static Schema,
    written: Option<Stamp>,
    found: Option<Stamp>,
) -> Result<()> {
    let (Some(written), Some(found), TableRef::Table(table, _)) = (written, found, &schema.table) else {
        return Ok(());
    };
    if is_cut(written, found) && Box::pin(Catalog::read(db, table)).await?.is_coarse(schema.touch) {
        return Err(Error::coarse_column(schema.name, schema.touch));
    }
    Ok(())
}

/// Whether a column has cut digits off the stamp that was written. Ours never end in zero, so a value that does was not
/// written as it stands; `PostgreSQL` rounds, so that it may also be above what was written.
fn is_cut(written: Stamp, found: Stamp) -> bool {
    const SECOND: i64 = 1_000_000;
    let (written, found) = (written.as_micros(), found.as_micros());
    let behind = written - found;
    written % 1_000 != 0
        && found % 1_000 == 0
        && ((-1_000..SECOND).contains(&behind) || (found % SECOND == 0 && (-SECOND..0).contains(&behind)))
}

#[cfg(test)]
mod tests {
    use super::is_cut;
    use crate::clock::Stamp;

    #[test]
    fn digits_that_are_cut_are_seen() {
        for (written, found, cut) in [
            (1_234_567, 1_234_000, true),
            (1_234_567, 1_000_000, true),
            (1_734_567, 2_000_000, true),
            (1_234_567, 1_234_567, false),
            (1_234_567, 1_235_000, true),
            (1_234_567, 1_236_000, false),
            (1_234_000, 1_234_000, false),
        ] {
            let [written, found] = [written, found].map(Stamp::from_micros);
            assert_eq!(is_cut(written, found), cut, "{written:?} {found:?}");
        }
    }
}
