//! What it costs to find out who asks: a request that asks just that, beside one that asks nothing.

use super::monitors::{Asked, asked};
use crate::program::Program;
use crate::stage::Stage;
use crate::table::Table;
use crate::wire::Connection;

const EMAIL: &str = "dana@example.org";
const PASSWORD: &str = "Correct-Horse-1";
const WHOAMI: &str = "/v1/admin/whoami";

pub(super) async fn run(stage: &Stage, api: &Program, basic: &str, bare: Asked, table: &mut Table) {
    let token = token(api, basic).await;
    for (name, headers) in [
        ("GET /v1/admin/whoami in a session", format!("authorization: Bearer {token}\r\n")),
        ("  with a Basic login", basic.to_owned()),
    ] {
        let server = stage.server_cpu();
        let before = std::time::Instant::now();
        let asked = asked(api, WHOAMI, &headers).await;
        let server =
            (stage.server_cpu() - server) * 1e6 / (asked.rate * before.elapsed().as_secs_f64());
        table.alone(name, format!("{:.0}/s", asked.rate), "");
        let more = format!("{:.0} µs", asked.api - bare.api);
        table.alone("  processor time of the API more than GET /livez takes", more, "< 50 µs");
        table.alone("  of PostgreSQL", format!("{server:.0} µs"), "");
    }
}

/// The token of a member who has just signed in.
async fn token(api: &Program, basic: &str) -> String {
    let mut connection = Connection::open(api.port).await;
    let member = serde_json::json!({ "email": EMAIL, "role": "admin" }).to_string();
    let made = connection.post("/v1/iam/users", basic, &member).await.json();
    let temporary = made["temp_password"].as_str().unwrap();
    let login = serde_json::json!({ "email": EMAIL, "password": temporary }).to_string();
    let first = connection.post("/v1/auth/login", "", &login).await.json();
    let change = serde_json::json!({ "current_password": temporary, "new_password": PASSWORD });
    let bearer = format!("authorization: Bearer {}\r\n", first["access_token"].as_str().unwrap());
    let changed = connection.post("/v1/auth/change-password", &bearer, &change.to_string()).await;
    changed.json()["access_token"].as_str().unwrap().to_owned()
}
