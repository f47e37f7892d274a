//! A team as callers name it: by the number that people read, or by its id.

use domain::id::OrgId;
use domain::people::worker::TeamNumber;
use domain::scheduling::team::{Team, TeamError};
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

    /// The number that workers know their team by; a team that there is not is answered as such.
    pub(super) async fn number(self, app: &App, org: OrgId) -> Result<TeamNumber, Problem> {
        self.read(app, org, true).await
    }

    /// The same for somebody who is to join it: nobody joins a team that takes no visits any more.
    pub(super) async fn to_join(self, app: &App, org: OrgId) -> Result<TeamNumber, Problem> {
        self.read(app, org, false).await
    }

    async fn read(self, app: &App, org: OrgId, archived: bool) -> Result<TeamNumber, Problem> {
        match self {
            Self::Number(number) => TeamNumber::parse(number)
                .ok_or_else(|| Problem::field("team_id", "Input should be at least 1")),
            Self::Id(id) => {
                let found = app.bus.load::<Team>(org, &id.to_string()).await?;
                let team = found.state.details();
                let team = team.filter(|team| archived || team.archived_at.is_none());
                let number = team.and_then(|team| TeamNumber::parse(team.number));
                number.ok_or_else(|| Problem::refused(&TeamError::NotFound))
            }
        }
    }
}
