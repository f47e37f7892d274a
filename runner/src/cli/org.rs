//! `cleaning org`: organisations and who logs in to them.

use clap::builder::TypedValueParser;
use clap::{Args, Subcommand};
use domain::access::Role;
use domain::billing::account::Status;
use domain::billing::plan::Plan;
use domain::id::OrgId;
use domain::organisation::Profile;
use serde_json::json;
use strum::VariantNames;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::{Format, say};
use crate::config::Config;
use crate::organisations::Organisations;

/// Organisations.
#[derive(Args, Debug)]
pub(super) struct Org {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Open an organisation, with a login for each role; the passwords are shown once.
    Create(Box<Create>),
    /// Give an organisation a plan.
    Plan(Box<SetPlan>),
    /// Show the plan of an organisation and what it allows.
    Show(Box<Show>),
}

/// Another plan.
#[derive(Args, Debug)]
struct SetPlan {
    /// Which organisation: its id or short name.
    #[arg(long)]
    org: String,
    /// What it may have from now on.
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(Plan::VARIANTS).map(|word| word.parse::<Plan>().unwrap_or_default()))]
    plan: Plan,
    /// How its account stands: one that is not paid for counts as free.
    #[arg(long, default_value = "active",
          value_parser = clap::builder::PossibleValuesParser::new(Status::VARIANTS).map(|word| word.parse::<Status>().unwrap_or_default()))]
    status: Status,
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    format: Format,
}

/// The plan.
#[derive(Args, Debug)]
struct Show {
    /// Which organisation: its id or short name.
    #[arg(long)]
    org: String,
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    format: Format,
}

/// A new organisation.
#[derive(Args, Debug)]
struct Create {
    /// Name on screens.
    #[arg(long)]
    name: String,
    /// Short name in addresses and in `X-Org`: lower-case letters, digits, hyphens.
    #[arg(long)]
    slug: String,
    /// IANA time zone.
    #[arg(long, default_value = "America/Edmonton")]
    timezone: String,
    /// Its id; a new one by default.
    #[arg(long)]
    id: Option<Uuid>,
    /// A host name under which the public reaches it; may be repeated.
    #[arg(long = "host")]
    hosts: Vec<String>,
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    format: Format,
}

impl Org {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        match self.action {
            Action::Create(create) => create.run().await,
            Action::Plan(plan) => plan.run().await,
            Action::Show(show) => show.run().await,
        }
    }
}

impl SetPlan {
    async fn run(self) -> anyhow::Result<()> {
        let organisations = Organisations::connect(&self.config, &TaskTracker::new())?;
        let org = organisations.existing(&self.org).await?;
        organisations.set_plan(org, self.plan, self.status).await?;
        show(&organisations, org, &self.format).await
    }
}

impl Show {
    async fn run(self) -> anyhow::Result<()> {
        let organisations = Organisations::connect(&self.config, &TaskTracker::new())?;
        let org = organisations.existing(&self.org).await?;
        show(&organisations, org, &self.format).await
    }
}

async fn show(organisations: &Organisations, org: OrgId, format: &Format) -> anyhow::Result<()> {
    let account = organisations.account(org).await?;
    let (status, counts) = (<&str>::from(account.status), account.effective_plan());
    let limits = counts.limits();
    if format.json {
        say(json!({
            "org_id": org, "plan_id": account.plan.key(), "status": status, "paused": account.paused.is_some(),
            "effective_plan_id": counts.key(), "limits": limits,
        }));
    } else {
        say(format!("organisation {org}"));
        say(format!("plan         {} ({status}), counts as {}", account.plan.key(), counts.key()));
        say(format!(
            "allows       {} active workers, {} bookings a month, {} bytes of photos",
            limits.workers, limits.bookings, limits.storage_bytes
        ));
    }
    Ok(())
}

impl Create {
    async fn run(self) -> anyhow::Result<()> {
        let create = self;
        let lanes = TaskTracker::new();
        let organisations = Organisations::connect(&create.config, &lanes)?;
        let org = OrgId::from(create.id.unwrap_or_else(Uuid::now_v7));
        let profile = Profile {
            slug: create.slug.clone(),
            name: create.name.clone(),
            timezone: create.timezone.clone(),
        };
        organisations.check_timezone(&create.timezone).await?;
        create.hosts.iter().try_for_each(|host| check_host(host))?;
        organisations.open(org, profile).await?;
        for host in &create.hosts {
            organisations.add_host(org, host).await?;
        }
        let mut logins = serde_json::Map::new();
        for role in [Role::Owner, Role::Admin, Role::Dispatcher, Role::Accountant, Role::Viewer] {
            let name: &'static str = role.into();
            let username = format!("{}-{name}", create.slug);
            let password = crate::secrets::random_text(12);
            organisations.put_login(org, &username, role, &password).await?;
            logins.insert(name.to_owned(), json!({ "username": username, "password": password }));
        }
        if create.format.json {
            say(
                json!({ "org_id": org, "name": create.name, "slug": create.slug, "logins": logins }),
            );
        } else {
            say(format!("organisation {org}"));
            for login in logins.values() {
                let word = |name: &str| login[name].as_str().unwrap_or_default().to_owned();
                say(format!("{:<24} {}", word("username"), word("password")));
            }
        }
        Ok(())
    }
}

/// A name as it stands in the header `Host`, without a port.
fn check_host(host: &str) -> anyhow::Result<()> {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let label = |label: &str| !label.is_empty() && label.len() <= 63 && label.bytes().all(letter);
    anyhow::ensure!(
        host.len() <= 253 && host.split('.').all(label),
        "{host} is not a host name; it is letters, digits, hyphens and dots, without a port"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_without_port_or_path() {
        for good in ["maple.example.com", "localhost", "a-1.b"] {
            assert!(check_host(good).is_ok(), "{good}");
        }
        for bad in ["", "BAD/HOST", "a..b", "maple.example.com:443", "ä.example"] {
            assert!(check_host(bad).is_err(), "{bad}");
        }
    }
}
