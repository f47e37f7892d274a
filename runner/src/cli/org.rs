//! `cleaning org`: organisations and who logs in to them.

use clap::{Args, Subcommand};
use domain::access::Role;
use domain::id::OrgId;
use domain::organisation::Profile;
use serde_json::json;
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
        let Action::Create(create) = self.action;
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
