//! Opening organisations and their logins, for the command line and the demo data.

use api::Links;
use argon2::Argon2;
use argon2::password_hash::PasswordHasher;
use chrono::{DateTime, Utc};
use commands::{BusOptions, CommandBus, CommandError, Context, RequestKey};
use domain::access::Role;
use domain::billing::account::{Account, AccountCommand, Status};
use domain::billing::plan::Plan;
use domain::id::OrgId;
use domain::organisation::{OrganisationError, Profile};
use domain::recorded::Actor;
use domain::seal::MasterKeys;
use sqlx::PgPool;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::config::Config;

/// Writes organisations and logins.
pub struct Organisations {
    db: PgPool,
    bus: CommandBus,
}

impl Organisations {
    /// As the application.
    pub fn connect(config: &Config, lanes: &TaskTracker) -> anyhow::Result<Self> {
        let connect = config.app_database()?;
        let db = PgPool::connect_lazy_with(connect.clone());
        let options = BusOptions::new(connect, config.master_keys()?, lanes.clone());
        Ok(Self { bus: CommandBus::start(db.clone(), options), db })
    }

    /// What makes links into the portals of clients, with the keys that seal them.
    pub fn links(&self, keys: MasterKeys) -> Links {
        Links { bus: self.bus.clone(), db: self.db.clone(), keys }
    }

    /// What commands go through.
    pub const fn bus(&self) -> &CommandBus {
        &self.bus
    }

    /// Opens an organisation; one that is open already is refused.
    pub async fn open(&self, org: OrgId, profile: Profile) -> anyhow::Result<()> {
        self.bus.open_organisation(&system(org, None), profile).await.map_err(explain)?;
        Ok(())
    }

    /// As [`Self::open`], at a simulated time, and once under `request`.
    pub async fn open_at(
        &self,
        org: OrgId,
        profile: Profile,
        at: DateTime<Utc>,
        request: RequestKey,
    ) -> anyhow::Result<()> {
        let ctx = Context { recorded_at: Some(at), request, ..system(org, None) };
        self.bus.open_organisation(&ctx, profile).await.map_err(explain)?;
        Ok(())
    }

    /// When the log of an organisation begins, if it has.
    pub async fn opened_at(&self, org: OrgId) -> anyhow::Result<Option<DateTime<Utc>>> {
        let mut tx = projections::tenant::begin(&self.db, org).await?;
        let first = projections::history::log::at(&mut tx, org, 1).await?;
        Ok(first.map(|event| event.recorded_at))
    }

    /// The organisation of that short name.
    pub async fn named(&self, slug: &str) -> anyhow::Result<Option<OrgId>> {
        Ok(find(&self.db, slug).await?)
    }

    /// The organisation of that id or short name; an error that says so if there is none.
    pub async fn existing(&self, key: &str) -> anyhow::Result<OrgId> {
        find(&self.db, key).await?.ok_or_else(|| anyhow::anyhow!("there is no organisation {key}"))
    }

    /// What it has of us.
    pub async fn account(&self, org: OrgId) -> anyhow::Result<Account> {
        Ok(self.bus.load::<Account>(org, &org.to_string()).await?.state)
    }

    /// Gives it a plan; the one it has changes nothing.
    pub async fn set_plan(&self, org: OrgId, plan: Plan, status: Status) -> anyhow::Result<()> {
        let command = AccountCommand::ChangePlan { plan, status };
        let (ctx, nothing) = (system(org, None), |_: &Account| serde_json::Value::Null);
        self.bus.execute(&ctx, &org.to_string(), command, nothing).await?;
        Ok(())
    }

    /// As [`Self::set_plan`] with an account in order, at a simulated time, and once under `request`.
    pub async fn set_plan_at(
        &self,
        org: OrgId,
        plan: Plan,
        at: DateTime<Utc>,
        request: RequestKey,
    ) -> anyhow::Result<()> {
        let ctx = Context { recorded_at: Some(at), request, ..system(org, None) };
        let command = AccountCommand::ChangePlan { plan, status: Status::Active };
        let nothing = |_: &Account| serde_json::Value::Null;
        self.bus.execute(&ctx, &org.to_string(), command, nothing).await?;
        Ok(())
    }

    /// Whether somebody can log in there under that name.
    pub async fn has_login(&self, org: OrgId, username: &str) -> anyhow::Result<bool> {
        let found = sqlx::query_scalar!(
            r#"select exists (select from tenant.find_logins($1) l where l.org_id = $2) as "found!""#,
            username,
            org.as_uuid(),
        )
        .fetch_one(&self.db)
        .await?;
        Ok(found)
    }

    /// Refuses a time zone that the database, which reckons with it, does not know.
    pub async fn check_timezone(&self, name: &str) -> anyhow::Result<()> {
        let known = sqlx::query_scalar!(
            r#"select exists (select 1 from pg_timezone_names where name = $1) as "known!""#,
            name
        )
        .fetch_one(&self.db)
        .await?;
        anyhow::ensure!(known, "{name} is not a time zone; they are named like America/Edmonton");
        Ok(())
    }

    /// Lets the public reach an organisation under `host`.
    pub async fn add_host(&self, org: OrgId, host: &str) -> anyhow::Result<()> {
        sqlx::query!("select tenant.put_host($1, $2)", org.as_uuid(), host)
            .execute(&self.db)
            .await?;
        Ok(())
    }

    /// Makes a login, or gives one of that name another role and password.
    pub async fn put_login(
        &self,
        org: OrgId,
        username: &str,
        role: Role,
        password: &str,
    ) -> anyhow::Result<()> {
        let hash = hashed(password.to_owned()).await?;
        let role: &'static str = role.into();
        let login = Uuid::new_v5(&org.as_uuid(), username.as_bytes());
        sqlx::query!(
            "select tenant.put_login($1, $2, $3, $4, $5)",
            org.as_uuid(),
            login,
            username,
            role,
            hash,
        )
        .execute(&self.db)
        .await?;
        Ok(())
    }
}

/// A hash of `password` to store.
pub async fn hashed(password: String) -> anyhow::Result<String> {
    let hash = tokio::task::spawn_blocking(move || {
        Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string())
    });
    hash.await?.map_err(|error| anyhow::anyhow!("the password cannot be hashed: {error}"))
}

/// Every organisation of the installation.
pub async fn all(db: &PgPool) -> Result<Vec<OrgId>, sqlx::Error> {
    let rows = sqlx::query_scalar!(r#"select org_id as "org_id!" from tenant.organisations()"#);
    Ok(rows.fetch_all(db).await?.into_iter().map(OrgId::from).collect())
}

/// The organisation with that id or short name.
pub async fn find(db: &PgPool, key: &str) -> Result<Option<OrgId>, sqlx::Error> {
    let found = sqlx::query_scalar!(
        r#"select org_id as "org_id!" from tenant.find_organisation(null, $1)"#,
        key,
    );
    Ok(found.fetch_optional(db).await?.map(OrgId::from))
}

/// A command of the program itself, as the operator who runs it.
pub fn system(org: OrgId, reason: Option<String>) -> Context {
    let request = RequestKey::fresh();
    Context {
        org,
        actor: Actor {
            kind: "system".to_owned(),
            id: "cli".to_owned(),
            role: "operator".to_owned(),
        },
        request_id: format!("cli-{}", request.command_id),
        correlation_id: format!("cli-{}", request.command_id),
        causation_id: None,
        reason,
        action: None,
        via: None,
        request,
        expected_version: None,
        beside: Vec::new(),
        recorded_at: None,
    }
}

fn explain(error: CommandError<OrganisationError>) -> anyhow::Error {
    match error {
        CommandError::ClaimTaken { .. } => anyhow::anyhow!("that slug is taken"),
        other => anyhow::Error::from(other).context("the organisation was not opened"),
    }
}
