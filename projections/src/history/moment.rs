//! A moment in the life of an organisation: a position of its log, or the last one at an instant.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use domain::id::OrgId;
use sqlx::PgConnection;

/// As of when something is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// After the event at this position; 0 is before the first.
    Position(i64),
    /// After everything that was recorded until then.
    Instant(DateTime<Utc>),
}

/// Why a moment cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum MomentError {
    /// It is neither a position nor an instant.
    #[error("a moment is a position (0 or more) or an instant such as 2030-01-31T12:00:00Z")]
    Malformed,
    /// The log has not come so far.
    #[error("position {asked} has not been reached, the log stands at {head}")]
    NotReached {
        /// What was asked for.
        asked: i64,
        /// Where the log stands.
        head: i64,
    },
    /// The database failed.
    #[error("database error")]
    Database(#[from] sqlx::Error),
}

impl FromStr for Moment {
    type Err = MomentError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(position) = text.parse::<i64>() {
            return if position < 0 {
                Err(MomentError::Malformed)
            } else {
                Ok(Self::Position(position))
            };
        }
        let instant = DateTime::parse_from_rfc3339(text).map_err(|_| MomentError::Malformed)?;
        Ok(Self::Instant(instant.with_timezone(&Utc)))
    }
}

/// The last position of the log of `org`; 0 if there is nothing in it.
pub async fn head(db: &mut PgConnection, org: OrgId) -> Result<i64, sqlx::Error> {
    let head =
        sqlx::query_scalar!("select position from log_heads where org_id = $1", org.as_uuid());
    Ok(head.fetch_optional(db).await?.unwrap_or(0))
}

/// The position that `moment` means in the log of `org`.
///
/// Time never runs backwards in a log, so the last event at an instant is found by halving.
pub async fn resolve(
    db: &mut PgConnection,
    org: OrgId,
    moment: Moment,
) -> Result<i64, MomentError> {
    let instant = match moment {
        Moment::Position(asked) => {
            let head = head(db, org).await?;
            return if asked > head {
                Err(MomentError::NotReached { asked, head })
            } else {
                Ok(asked)
            };
        }
        Moment::Instant(instant) => instant,
    };
    let position = sqlx::query_scalar!(
        r#"with recursive search (low, high) as (
               select 0::bigint, h.position from log_heads h where h.org_id = $1
               union all
               select case when e.recorded_at <= $2 then e.position else s.low end,
                      case when e.recorded_at <= $2 then s.high else e.position - 1 end
               from search s
               join events e on e.org_id = $1 and e.position = (s.low + s.high + 1) / 2
               where s.low < s.high
           )
           select coalesce(max(low), 0) as "position!" from search"#,
        org.as_uuid(),
        instant,
    )
    .fetch_one(db)
    .await?;
    Ok(position)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_and_instants_are_told_apart() {
        assert_eq!("42".parse::<Moment>().unwrap(), Moment::Position(42));
        let instant = "2030-01-31T12:00:00.5+01:00".parse::<Moment>().unwrap();
        assert_eq!(instant, Moment::Instant("2030-01-31T11:00:00.5Z".parse().unwrap()));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "-1", "yesterday", "2030-01-31", "99999999999999999999"] {
            assert!(matches!(text.parse::<Moment>(), Err(MomentError::Malformed)), "{text}");
        }
    }
}
