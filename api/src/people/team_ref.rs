//! A team as callers name it: by the number that people read, or by its id.

use domain::id::OrgId;
use domain::people::worker::TeamNumber;
use domain::scheduling::team::{Details, NUMBERS, Team, TeamError};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::problem::Problem;
use crate::state::App;

/// Either of both.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(untagged)]
pub(super) enum TeamRef {
    /// From 1.
    Number(i32),
    /// Its id.
    Id(Uuid),
}

impl TeamRef {
    /// As it stands in an address.
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let number = text.parse().map(Self::Number).ok();
        let either = number.or_else(|| text.parse().map(Self::Id).ok());
        either.ok_or_else(|| Problem::field("team_id", "Input should be a number or an id"))
    }

    /// The number that workers know their team by, to look for them; an id that no team has is answered as such.
    pub(super) async fn number(self, app: &App, org: OrgId) -> Result<TeamNumber, Problem> {
        match self {
            Self::Number(number) => valid(number),
            Self::Id(id) => of_team(app, org, &id.to_string(), |_| true).await,
        }
    }

    /// The same for somebody who is to join it: nobody joins a team that there is not, or that takes no visits any more.
    pub(super) async fn to_join(self, app: &App, org: OrgId) -> Result<TeamNumber, Problem> {
        let id = match self {
            Self::Number(number) => {
                let number = valid(number)?;
                match app.bus.holder(org, NUMBERS, &number.get().to_string()).await? {
                    Some(id) => id,
                    // Somebody may be hired before the first team has a name.
                    None if number == TeamNumber::FIRST => return Ok(number),
                    None => return Err(Problem::refused(&TeamError::NotFound)),
                }
            }
            Self::Id(id) => id.to_string(),
        };
        of_team(app, org, &id, |team| team.archived_at.is_none()).await
    }
}

fn valid(number: i32) -> Result<TeamNumber, Problem> {
    let number = TeamNumber::parse(number);
    number.ok_or_else(|| Problem::field("team_id", "Input should be at least 1"))
}

async fn of_team(
    app: &App,
    org: OrgId,
    id: &str,
    fits: impl Fn(&Details) -> bool,
) -> Result<TeamNumber, Problem> {
    let found = app.bus.load::<Team>(org, id).await?;
    let number = found.state.details().filter(|team| fits(team));
    let number = number.and_then(|team| TeamNumber::parse(team.number));
    number.ok_or_else(|| Problem::refused(&TeamError::NotFound))
}
