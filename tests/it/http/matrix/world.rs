//! Two organisations with one of everything, alive and ended, and everybody who may ask.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::TimeDelta;
use domain::access::{Permissions, Role};
use domain::billing::plan::Plan;
use domain::settings::feature::Feature;
use reqwest::Method;
use serde_json::{Map, Value, json};
use strum::VariantArray;
use uuid::Uuid;

use super::fill::{THINGS, Thing};
use super::routes::meaning;
use crate::harness::client::Answer;
use crate::harness::{App, Client};
use crate::http::portal;

/// Nothing and nobody has this id.
pub(super) const NOBODY: &str = "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d";

/// Chosen by every member; the line for `POST /v1/auth/login` knows it.
const CHOSEN: &str = "Correct-Horse-1";

/// Words that appear in data of one organisation and nowhere else.
const MARKS: [&str; 2] = ["ourquilla", "theirzwirn"];

/// What a caller can prove to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    None,
    Basic,
    Session,
    /// A session at the portal of `worker`s or `client`s.
    Portal(&'static str),
}

/// Somebody who asks for the first organisation.
pub(super) struct Caller {
    pub(super) label: String,
    pub(super) client: Client,
    pub(super) proof: Proof,
    pub(super) permissions: Permissions,
    pub(super) is_owner: bool,
}

pub(super) struct World {
    pub(super) app: App,
    pub(super) orgs: [Org; 2],
    pub(super) callers: Vec<Caller>,
    next: AtomicU32,
    /// Apart from that: calendars end long before numbers do.
    days: AtomicU32,
}

pub(super) struct Org {
    pub(super) mark: &'static str,
    pub(super) owner: Client,
    /// One of each thing, that stays as it is.
    pub(super) alive: HashMap<&'static str, String>,
    /// One of each thing that can be ended.
    pub(super) ended: HashMap<&'static str, String>,
    /// Every id that was ever made.
    pub(super) made: Mutex<BTreeSet<String>>,
}

impl World {
    pub(super) async fn start() -> Self {
        Box::pin(Self::over(App::start().await)).await
    }

    pub(super) async fn over(app: App) -> Self {
        let orgs = [0, 1].map(|number| {
            let id = app.orgs[number].id.to_string();
            Org {
                mark: MARKS[number],
                owner: app.staff_of(number, "owner").with("x-org", &app.orgs[number].slug),
                alive: HashMap::from([("org_id", id.clone())]),
                ended: HashMap::new(),
                made: Mutex::new(BTreeSet::from([id])),
            }
        });
        let mut world = Self {
            app,
            orgs,
            callers: Vec::new(),
            next: AtomicU32::new(1000),
            days: AtomicU32::new(1000),
        };
        let every_feature: Map<_, _> =
            Feature::VARIANTS.iter().map(|one| (one.key().to_owned(), true.into())).collect();
        let every_feature = json!({ "overrides": every_feature }).to_string();
        for number in 0..2 {
            world.app.give_plan(number, Plan::Pro).await;
            let features = "PATCH /v1/admin/settings/features";
            world.send(&world.orgs[number].owner, features, &every_feature).await.ok();
            // Days are used once, and there are more of them than customers usually look ahead.
            let policies = "PATCH /v1/admin/booking-policies";
            let far = json!({ "scheduling": { "horizon_days": 3_650 } }).to_string();
            world.send(&world.orgs[number].owner, policies, &far).await.ok();
            for thing in THINGS {
                let id = world.make(number, thing).await;
                world.orgs[number].alive.insert(thing.name, id);
                if let Some((route, body)) = thing.ended_by {
                    let id = world.make(number, thing).await;
                    let route = world.filled(&world.orgs[number], &route.replace("{}", &id));
                    let ended = world.send(&world.orgs[number].owner, &route, body);
                    world.app.following(ended).await.ok();
                    world.orgs[number].ended.insert(thing.name, id);
                }
            }
            let checkpoint =
                world.send(&world.orgs[number].owner, "POST /v1/admin/history/checkpoints", "");
            checkpoint.await.ok();
        }
        world.gather().await;
        world.app.settle().await;
        world
    }

    /// Another one of what `parameter` names, which nobody else uses.
    pub(super) async fn fresh(&self, org: usize, parameter: &str) -> String {
        let thing = THINGS.iter().find(|thing| thing.name == meaning(parameter));
        match thing {
            Some(thing) => self.make(org, thing).await,
            None => self.orgs[org].alive[meaning(parameter)].clone(),
        }
    }

    async fn make(&self, org: usize, thing: &Thing) -> String {
        let (route, body) = thing.made_by;
        let org = &self.orgs[org];
        let answer = self.send(&org.owner, &self.filled(org, route), &self.filled(org, body)).await;
        let body = &answer.ok().body;
        let id = if thing.field.starts_with('/') {
            body.pointer(thing.field).and_then(Value::as_str)
        } else {
            body[thing.field].as_str()
        };
        let id = id.unwrap_or_else(|| panic!("{route} answers without {}", thing.field)).to_owned();
        org.made.lock().unwrap().insert(id.clone());
        for (route, body) in thing.then {
            self.send(&org.owner, &route.replace("{}", &id), body).await.ok();
        }
        id
    }

    /// A line of `fill`, its blanks filled with what belongs to the first organisation.
    pub(super) fn own(&self, line: &str) -> String {
        self.filled(&self.orgs[0], line)
    }

    fn filled(&self, org: &Org, line: &str) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed).to_string();
        let mut line = line.replace("{mark}", org.mark).replace("{n}", &number);
        let is_dated = line.contains("{day}");
        let days = self.days.fetch_add(u32::from(is_dated), Ordering::Relaxed);
        let days = TimeDelta::days(days.into());
        let day = (self.app.now() + days).date_naive();
        let soon = (self.app.now() + TimeDelta::days(60)).date_naive();
        let months = chrono::Months::new(number.parse::<u32>().unwrap() % 1_900);
        let month = chrono::NaiveDate::from_ymd_opt(2030, 1, 1).unwrap() + months;
        line = line.replace("{month}", &month.format("%Y-%m").to_string());
        line = line.replace("{day}", &day.to_string()).replace("{soon}", &soon.to_string());
        for (name, id) in &org.alive {
            line = line.replace(&format!("{{{name}}}"), id);
        }
        line
    }

    /// Sends `METHOD /path` with a body, each request under a key of its own.
    pub(super) async fn send(&self, client: &Client, route: &str, body: &str) -> Answer {
        let (method, path) = route.split_once(' ').unwrap();
        let key = format!("key-{}", self.next.fetch_add(1, Ordering::Relaxed));
        let client = client.with("idempotency-key", &key);
        let method: Method = method.parse().unwrap();
        if body.is_empty() {
            return client.send(method, path, None).await;
        }
        let is_form = body.starts_with("--photo");
        let kind = if is_form { "multipart/form-data; boundary=photo" } else { "application/json" };
        let client = client.with("content-type", kind);
        client.send(method, path, Some(body.as_bytes().to_vec())).await
    }

    /// Everybody: without a login, with a name and password, in a session, and in a session with a role of its own.
    async fn gather(&mut self) {
        let mut callers = vec![Caller {
            label: "nobody".to_owned(),
            client: self.app.anyone(),
            proof: Proof::None,
            permissions: Permissions::default(),
            is_owner: false,
        }];
        for role in Role::VARIANTS {
            for proof in [Proof::Basic, Proof::Session] {
                let client = match proof {
                    Proof::Session => self.member(role.key(), role.key(), &Value::Null).await,
                    _ => self.app.staff(role.key()),
                };
                callers.push(Caller {
                    label: format!("{role:?} by {proof:?}"),
                    client,
                    proof,
                    permissions: Permissions::of_role(*role),
                    is_owner: *role == Role::Owner,
                });
            }
        }
        // An owner by name whose own role takes nearly everything away.
        let keys = ["leads.view", "users.manage"];
        let (role, _) = self.role("narrow", &keys).await;
        callers.push(Caller {
            label: "a role of its own".to_owned(),
            client: self.member("narrow", "owner", &role.into()).await,
            proof: Proof::Session,
            permissions: Permissions::of_keys(keys.into_iter()),
            is_owner: false,
        });
        let portals = [("worker", self.worker().await), ("client", self.client().await)].map(
            |(kind, client)| Caller {
                label: format!("a {kind} at their portal"),
                client,
                proof: Proof::Portal(kind),
                permissions: Permissions::default(),
                is_owner: false,
            },
        );
        callers.extend(portals);
        self.callers = callers;
    }

    /// A worker of the first organisation at their portal.
    async fn worker(&self) -> Client {
        portal::worker_in(&self.app, 0, "780-557-0001").await.1
    }

    /// A client of the first organisation at theirs.
    async fn client(&self) -> Client {
        let email = format!("{}-portal@example.net", self.orgs[0].mark);
        portal::client_in(&self.app, 0, &email).await.1
    }

    /// A role of the first organisation: its id, and its route.
    pub(super) async fn role(&self, name: &str, permissions: &[&str]) -> (String, String) {
        let body = json!({ "name": name, "permissions": permissions }).to_string();
        let made = self.send(&self.orgs[0].owner, "POST /v1/admin/iam/roles", &body).await;
        let id = made.ok().body["role_id"].as_str().unwrap().to_owned();
        (id.clone(), format!("PATCH /v1/admin/iam/roles/{id}"))
    }

    /// A member of the first organisation in a session, with a password of their own choice.
    pub(super) async fn member(&self, name: &str, role: &str, custom: &Value) -> Client {
        let email = format!("{}-{name}@example.net", self.orgs[0].mark);
        let body = json!({ "email": email, "role": role, "custom_role_id": custom }).to_string();
        let made = self.send(&self.orgs[0].owner, "POST /v1/iam/users", &body).await;
        let first = &made.ok().body["temp_password"];
        let body = json!({ "email": email, "password": first });
        let tokens = self.app.anyone().post("/v1/auth/login", &body).await;
        let body = json!({ "current_password": first, "new_password": CHOSEN });
        let changed = self.bearer(tokens.ok()).post("/v1/auth/change-password", &body).await;
        self.bearer(changed.ok())
    }

    fn bearer(&self, tokens: &Answer) -> Client {
        let token = tokens.body["access_token"].as_str().unwrap();
        self.app.anyone().with("authorization", &format!("Bearer {token}"))
    }
}

impl Org {
    /// Whether something of this organisation can be read in an answer to a request that named only `sent`.
    #[track_caller]
    pub(super) fn is_not_in(&self, answer: &Answer, sent: &[&str], asked: &str) {
        let mut text = format!("{:?} {}", answer.headers, answer.text).to_lowercase();
        for sent in sent.iter().filter(|sent| !sent.is_empty()) {
            text = text.replace(&sent.to_lowercase(), "");
        }
        assert!(!text.contains(self.mark), "{asked} shows {}: {text}", self.mark);
        let made = self.made.lock().unwrap();
        let named = uuids_in(&text);
        for id in made.iter() {
            let shows = match id.parse::<Uuid>() {
                Ok(id) => named.contains(&id),
                Err(_) => text.contains(&id.to_lowercase()),
            };
            assert!(!shows, "{asked} shows {id}: {text}");
        }
    }
}

/// Everything in a text that reads like a UUID, with dashes or without, wherever it begins. One pass: to look for each id of an
/// organisation in each answer takes most of the time of these tests.
fn uuids_in(text: &str) -> HashSet<Uuid> {
    let mut found = HashSet::new();
    let is_part = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b'-';
    for run in text.as_bytes().split(|byte| !is_part(byte)).filter(|run| run.len() >= 32) {
        for length in [32, 36] {
            let windows = run.windows(length).filter_map(|part| std::str::from_utf8(part).ok());
            found.extend(windows.filter_map(|part| part.parse::<Uuid>().ok()));
        }
    }
    found
}

#[test]
fn ids_are_found_wherever_they_stand() {
    let id = Uuid::parse_str(NOBODY).unwrap();
    for text in [format!("/a/{id}.pdf"), format!("\"dead{id}beef\""), format!("x{}", id.simple())] {
        assert!(uuids_in(&text).contains(&id), "{text}");
    }
    assert!(uuids_in("0198b0a4-6f0e-7cc0-8f57").is_empty());
}
