//! Workers and clients of a demo organisation: who can sign in at its portals.

use anyhow::Context as _;
use api::{LinkError, Links, Wanted};
use chrono::{DateTime, TimeDelta, Utc};
use commands::{Beside, Context, RequestKey};
use domain::customers::client::{Client, ClientCommand, Contact};
use domain::id::{ClientId, OrgId, WorkerId};
use domain::people::worker::{Opening, Profile, TeamNumber, Worker, WorkerCommand};
use domain::recorded::Actor;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Demo, Plan, is_done};
use crate::organisations::{Organisations, hashed, system};

/// Names, and phones by which they sign in; one in each team.
pub(super) const WORKERS: [(&str, &str); 3] =
    [("Rosa Delgado", "780-555-0171"), ("Tomas Berg", "780-555-0172"), ("Wen Li", "780-555-0173")];

/// Names, and what their addresses begin with.
pub(super) const CLIENTS: [(&str, &str); 2] = [("Sam Castle", "sam"), ("Uma Birch", "uma")];

/// How long a link that nobody has to look for in a mailbox works: a working day and the evening.
const LINK: TimeDelta = TimeDelta::hours(12);

/// Hires and registers them, on the first day. Where nobody signs in they have no passwords: making one takes long.
pub(super) async fn make(
    organisations: &Organisations,
    plan: Plan<'_>,
    start: DateTime<Utc>,
    password: impl Fn(&str) -> anyhow::Result<String>,
) -> anyhow::Result<()> {
    let bus = organisations.bus();
    let ctx = |what: &str| by_staff(plan.org, start, plan.request(what));
    for (n, (name, phone)) in WORKERS.iter().enumerate() {
        let worker_id = worker(plan.org, n);
        let team = TeamNumber::parse(i32::try_from(n)? + 1).context("no such team")?;
        let profile = Profile::parse(name, phone, None)?;
        let opening = Opening::default();
        let hire = WorkerCommand::Hire { worker_id, profile, team, opening, now: start };
        let (id, hired) = (worker_id.to_string(), ctx(&format!("worker {n}")));
        bus.create::<Worker>(&hired, &id, hire, |_| Value::Null).await?;
        let mut chosen = ctx(&format!("password of worker {n}"));
        if !plan.has_logins || is_done(organisations, plan.org, chosen.request).await? {
            continue;
        }
        let hash = hashed(password(&secret(plan.slug, n))?).await?;
        chosen.beside.push(Beside(json!({
            "do": "portal.put_password", "worker_id": worker_id, "password_hash": hash,
        })));
        let choose = WorkerCommand::ChangePassword;
        bus.execute::<Worker>(&chosen, &id, choose, |_| Value::Null).await?;
    }
    for (n, (name, _)) in CLIENTS.iter().enumerate() {
        let client_id = client(plan.org, n);
        let contact = Contact::parse(name, &email(plan.slug, n), None)?;
        let register = ClientCommand::Register { client_id, contact, now: start };
        let registered = ctx(&format!("client {n}"));
        bus.create::<Client>(&registered, &client_id.to_string(), register, |_| Value::Null)
            .await?;
    }
    Ok(())
}

/// What lets the first worker in, as scripts are told it.
pub fn worker_login(
    demo: &Demo,
    password: impl Fn(&str) -> std::io::Result<String>,
) -> std::io::Result<Value> {
    let (_, phone) = WORKERS[0];
    Ok(json!({ "phone": phone, "password": password(&secret(demo.slug, 0))? }))
}

/// What lets the first client in: mail may be off, so a link is made that nobody has to send. None where there are no clients.
pub async fn client_login(
    links: &Links,
    demo: &Demo,
    portal: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<Option<Value>> {
    let wanted = Wanted {
        session: Uuid::now_v7().into(),
        client: client(demo.org, 0),
        portal: portal.to_owned(),
        now,
        life: LINK,
    };
    match links.issue(system(demo.org, None), wanted).await {
        Ok(made) => {
            let link = format!("{portal}/client/login/callback?token={}", made.token);
            Ok(Some(json!({ "email": email(demo.slug, 0), "link": link })))
        }
        // Somebody works with the organisation, and has archived or erased them.
        Err(LinkError::Client(_) | LinkError::Erased) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// How they come in at the screens `web`, as the person who has started everything is told it.
pub fn portal_logins(told: &Value, web: &str, demo: &Demo) -> Vec<String> {
    let text = |who: &str, what: &str| Some(told.get(who)?.get(what)?.as_str()?.to_owned());
    let worker =
        text("worker", "phone").zip(text("worker", "password")).map(|(phone, password)| {
            let slug = demo.slug;
            format!("    {phone:<18} {password}   (a worker, at {web}/worker/login?org={slug})")
        });
    let client = text("client", "link").map(|link| format!("    {:<18} {link}", "a client"));
    worker.into_iter().chain(client).collect()
}

fn by_staff(org: OrgId, at: DateTime<Utc>, request: RequestKey) -> Context {
    let actor =
        Actor { kind: "staff".to_owned(), id: "demo".to_owned(), role: "dispatcher".to_owned() };
    Context { actor, recorded_at: Some(at), request, ..system(org, None) }
}

pub(super) fn worker(org: OrgId, n: usize) -> WorkerId {
    Uuid::new_v5(&org.as_uuid(), format!("worker {n}").as_bytes()).into()
}

pub(super) fn client(org: OrgId, n: usize) -> ClientId {
    Uuid::new_v5(&org.as_uuid(), format!("client {n}").as_bytes()).into()
}

/// The name under which the password of a worker is kept.
fn secret(slug: &str, n: usize) -> String {
    format!("{slug}-worker-{}", n + 1)
}

fn email(slug: &str, n: usize) -> String {
    format!("{}.{slug}@example.org", CLIENTS[n].1)
}
