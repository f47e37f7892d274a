//! Opening the log of an organisation.

use domain::chain;
use domain::id::OrgId;
use domain::organisation::{Organisation, OrganisationCommand, OrganisationError, Profile};
use serde_json::Value;

use crate::bus::CommandBus;
use crate::context::{Context, Done};
use crate::error::CommandError;
use crate::stream::unavailable;

impl CommandBus {
    /// Opens the log of `ctx.org` and registers it there as its first event.
    ///
    /// May be repeated after a crash in between: opening twice changes nothing, registering twice is refused.
    pub async fn open_organisation(
        &self,
        ctx: &Context,
        profile: Profile,
    ) -> Result<Done, CommandError<OrganisationError>> {
        Organisation::check(&profile).map_err(CommandError::Refused)?;
        let genesis = chain::genesis(ctx.org);
        sqlx::query!(
            "select log.open($1, $2, $3, $4, $5)",
            ctx.org.as_uuid(),
            profile.slug,
            profile.name,
            profile.timezone,
            genesis.as_slice(),
        )
        .execute(self.pool())
        .await
        .map_err(|error| match error.as_database_error() {
            Some(db) if db.is_unique_violation() => {
                CommandError::ClaimTaken { scope: "organisation.slug".to_owned() }
            }
            _ => unavailable(&error).into(),
        })?;
        let id = organisation_id(ctx.org);
        self.execute(ctx, &id, OrganisationCommand::Register(profile), |_: &Organisation| {
            Value::Null
        })
        .await
    }
}

/// The stream in which an organisation tells about itself.
fn organisation_id(org: OrgId) -> String {
    org.to_string()
}
