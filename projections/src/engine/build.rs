//! With which version of its projection each read model was built, so that a change of the code is noticed.
//!
//! A new read model takes the version of the worker that first keeps it; after that only the switch of a rebuild
//! changes it. A worker older than the tables leaves them alone: what it would write, a newer one would have to mend.

use serde::Serialize;
use sqlx::{PgConnection, PgPool};

use crate::{READERS, Reader};

/// What is noted about one read model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Build {
    /// The projection.
    pub projection: String,
    /// The version that made its tables.
    pub version: i32,
}

/// Every read model that has been kept by anybody.
pub async fn builds(pool: &PgPool) -> Result<Vec<Build>, sqlx::Error> {
    sqlx::query_as!(Build, "select projection, version from projection_builds order by projection")
        .fetch_all(pool)
        .await
}

/// A read model that older code built.
#[derive(Clone, Copy, Debug)]
pub struct Outdated {
    /// What would build it now.
    pub reader: &'static Reader,
    /// The version that built it.
    pub built: i32,
}

/// The read models that this build of the program would write otherwise.
pub async fn outdated(db: &mut PgConnection) -> Result<Vec<Outdated>, sqlx::Error> {
    let builds = sqlx::query_as!(
        Build,
        "select projection, version from projection_builds order by projection"
    )
    .fetch_all(db)
    .await?;
    let older = builds.iter().filter_map(|build| {
        let reader = READERS.iter().find(|reader| reader.name == build.projection)?;
        (reader.is_rebuildable() && build.version < reader.version)
            .then_some(Outdated { reader, built: build.version })
    });
    Ok(older.collect())
}

/// Notes that `reader` made the tables as they are now; needs the owner of the tables.
pub(crate) async fn rebuilt(db: &mut PgConnection, reader: &Reader) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into projection_builds (projection, version, built_at) values ($1, $2, now())
         on conflict (projection) do update set version = excluded.version, built_at = excluded.built_at",
        reader.name,
        reader.version,
    )
    .execute(db)
    .await?;
    Ok(())
}
