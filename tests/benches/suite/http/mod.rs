//! The real program over HTTP, end to end.

mod desk;
mod leads;
mod monitors;
mod signed_in;
mod status;

use base64::Engine;
use domain::id::OrgId;
pub(crate) use leads::make as leads;
use uuid::Uuid;

use crate::program::Program;
use crate::stage::Stage;
use crate::table::Table;
use crate::wanted::Wanted;

pub(crate) async fn run(stage: &Stage, wanted: &Wanted, table: &mut Table) {
    let org = stage.organisations(1).await[0];
    let password = runner::secrets::random_text(8);
    login(stage, org, "bench", &password).await;
    let credentials = base64::engine::general_purpose::STANDARD.encode(format!("bench:{password}"));
    let basic = format!("authorization: Basic {credentials}\r\n");
    if wanted.has("http.status") {
        let api = Program::start(stage, "api");
        status::run(stage, &api, org, &basic, table).await;
    }
    if wanted.has("http.monitors") || wanted.has("http.signed_in") {
        let api = Program::start(stage, "api");
        let bare = monitors::run(&api, table).await;
        signed_in::run(stage, &api, &basic, bare, table).await;
    }
    if wanted.has("http.desk") {
        desk::run(stage, wanted, table).await;
    }
}

/// An owner that signs in with every request.
pub(crate) async fn login(stage: &Stage, org: OrgId, name: &str, password: &str) {
    use argon2::password_hash::PasswordHasher;
    let hash = argon2::Argon2::default().hash_password(password.as_bytes()).unwrap().to_string();
    let put = "select tenant.put_login($1, $2, $3, 'owner', $4)";
    sqlx::query(put)
        .bind(org.as_uuid())
        .bind(Uuid::now_v7())
        .bind(name)
        .bind(hash)
        .execute(&stage.pool)
        .await
        .unwrap();
}
