//! An organisation and its clients, who repeat every request under the same key until it is acknowledged.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

use argon2::password_hash::PasswordHasher;
use argon2::{Algorithm, Argon2, Params, Version};
use commands::RequestKey;
use domain::id::{CommandId, OrgId};
use domain::recorded::Recorded;
use serde_json::{Value, json};
use sqlx::PgConnection;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::harness::program::client;

const CLIENTS: usize = 16;

/// Far above what is needed; only something that hangs uses it up.
pub(super) const PATIENCE: Duration = Duration::from_mins(2);

/// Between two tries, so that clients do not keep a restarting program from starting.
const PAUSE: Duration = Duration::from_millis(5);

const PASSWORD: &str = "test-only";

/// A command that was answered, and where its event is said to be.
struct Acknowledged {
    command: CommandId,
    position: i64,
}

pub(super) struct Office {
    pub(super) org: OrgId,
    login: Uuid,
    http: reqwest::Client,
    urls: RwLock<Vec<String>>,
    acknowledged: Mutex<Vec<Acknowledged>>,
    /// In milliseconds, of any request that was answered with 503.
    slowest: AtomicU64,
    /// Requests that were answered with 503 or not at all.
    failed: AtomicU64,
    closing: CancellationToken,
}

/// The clients at work.
pub(super) struct Clients(JoinSet<()>);

impl Office {
    /// Of an organisation that exists; `admin` gives it a login.
    pub(super) async fn new(org: OrgId, admin: &mut PgConnection) -> Arc<Self> {
        // The cheapest hash there is: every restarted process checks the password anew.
        let cheap = Params::new(Params::MIN_M_COST, 1, 1, None).unwrap();
        let hash = Argon2::new(Algorithm::Argon2id, Version::V0x13, cheap)
            .hash_password(PASSWORD.as_bytes())
            .unwrap();
        let login = Uuid::now_v7();
        sqlx::query("select tenant.put_login($1, $2, $3, 'dispatcher', $4)")
            .bind(org.as_uuid())
            .bind(login)
            .bind(login.to_string())
            .bind(hash.to_string())
            .execute(admin)
            .await
            .unwrap();
        Arc::new(Self {
            org,
            login,
            http: client(),
            urls: RwLock::default(),
            acknowledged: Mutex::default(),
            slowest: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            closing: CancellationToken::new(),
        })
    }

    /// Where the API answers from now on.
    pub(super) fn moved(&self, urls: Vec<String>) {
        *self.urls.write().unwrap() = urls;
    }

    pub(super) fn open(self: &Arc<Self>) -> Clients {
        let mut clients = JoinSet::new();
        for n in 0..CLIENTS {
            let office = Arc::clone(self);
            clients.spawn(async move { office.serve(n).await });
        }
        Clients(clients)
    }

    /// Lets every client finish what it asked for.
    pub(super) async fn close(&self, clients: Clients) {
        self.closing.cancel();
        clients.0.join_all().await;
    }

    /// Waits until `more` commands have been acknowledged.
    pub(super) async fn progress(&self, more: usize) {
        let count = || self.acknowledged.lock().unwrap().len();
        let (enough, deadline) = (count() + more, Instant::now() + PATIENCE);
        while count() < enough {
            assert!(Instant::now() < deadline, "no progress at {} acknowledged", count());
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The longest that anybody waited for a refusal.
    pub(super) fn slowest(&self) -> Duration {
        Duration::from_millis(self.slowest.load(Ordering::Relaxed))
    }

    pub(super) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Leads come in; each is called, and then lost.
    async fn serve(&self, n: usize) {
        while !self.closing.is_cancelled() {
            let lead = self.ask(n, "anonymous", "/v1/leads", &lead()).await;
            let lead = format!("/v1/admin/leads/{}", lead["lead_id"].as_str().unwrap());
            let staff = self.login.to_string();
            for (path, body) in [
                ("status", json!({ "status": "CONTACTED" })),
                ("timeline", json!({ "action": "Called", "note": "Wants to think about it" })),
                ("status", json!({ "status": "LOST", "loss_reason": "No answer" })),
            ] {
                self.ask(n, &staff, &format!("{lead}/{path}"), &body).await;
            }
        }
    }

    /// Asks one process after the other until one acknowledges.
    async fn ask(&self, n: usize, scope: &str, path: &str, body: &Value) -> Value {
        let key = Uuid::new_v4().to_string();
        let deadline = Instant::now() + PATIENCE;
        for process in n.. {
            if let Some((position, answer)) = self.try_once(process, path, &key, body).await {
                let command = RequestKey::of(self.org, scope, &key, [0; 32]).command_id;
                self.acknowledged.lock().unwrap().push(Acknowledged { command, position });
                return answer;
            }
            self.failed.fetch_add(1, Ordering::Relaxed);
            assert!(Instant::now() < deadline, "{path} is never acknowledged");
            tokio::time::sleep(PAUSE).await;
        }
        unreachable!("there are more processes than numbers")
    }

    async fn try_once(
        &self,
        process: usize,
        path: &str,
        key: &str,
        body: &Value,
    ) -> Option<(i64, Value)> {
        let url = {
            let urls = self.urls.read().unwrap();
            format!("{}{path}", urls[process % urls.len()])
        };
        let request = self.http.post(url).header("Idempotency-Key", key).json(body);
        let request = if path.contains("/admin/") {
            request.basic_auth(self.login, Some(PASSWORD))
        } else {
            request.header("X-Org", self.org.to_string())
        };
        let asked = Instant::now();
        let answer = request.send().await.ok()?;
        let took = u64::try_from(asked.elapsed().as_millis()).unwrap();
        let status = answer.status();
        if status == 503 {
            self.slowest.fetch_max(took, Ordering::Relaxed);
        }
        let position = answer.headers().get("x-position").map(|at| at.to_str().unwrap().parse());
        let text = answer.text().await.ok()?;
        if status == 503 {
            return None;
        }
        assert!(status.is_success(), "{path}: {status} {text}");
        Some((position.unwrap().unwrap(), serde_json::from_str(&text).unwrap()))
    }

    /// Every acknowledged command stands in the log once, where it was said to be, and nothing else does but the
    /// opening of the organisation.
    pub(super) fn assert_each_once(&self, log: &[Recorded]) {
        let mut written: HashMap<CommandId, Vec<i64>> = HashMap::new();
        for event in log {
            written.entry(event.metadata().unwrap().command_id).or_default().push(event.position);
        }
        for Acknowledged { command, position } in self.acknowledged.lock().unwrap().iter() {
            assert_eq!(written.remove(command), Some(vec![*position]), "{command:?}");
        }
        assert_eq!(written.len(), 1, "not acknowledged: {written:?}");
    }
}

pub(super) fn lead() -> Value {
    json!({
        "name": "Dana Boyd", "phone": "780-555-0100", "email": "dana@example.org", "address": "1 Elm Street",
        "postal_code": "T5K 1A1", "preferred_dates": ["Tue morning"], "structured_inputs": { "beds": 2, "baths": 1 }, "estimate_snapshot": {},
    })
}
