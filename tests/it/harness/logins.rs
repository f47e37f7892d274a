//! Organisations and the logins of their staff.

use std::sync::LazyLock;

use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
use domain::id::OrgId;
use domain::organisation::Profile;
use uuid::Uuid;

use super::database::{TestDb, context};

/// The password of every login.
pub(crate) const PASSWORD: &str = "correct horse";

/// Every role that the routes of this build tell apart.
pub(crate) const ROLES: [&str; 7] =
    ["owner", "admin", "dispatcher", "accountant", "viewer", "worker", "finance"];

/// As cheap as the algorithm allows: these passwords guard nothing.
static HASH: LazyLock<String> = LazyLock::new(|| hash(PASSWORD));

pub(crate) fn hash(password: &str) -> String {
    let cheap = Params::new(8, 1, 1, None).unwrap();
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, cheap);
    argon.hash_password(password.as_bytes()).unwrap().to_string()
}

/// An organisation and the name that `X-Org` knows it by.
#[derive(Clone)]
pub(crate) struct Org {
    pub(crate) id: OrgId,
    pub(crate) slug: String,
}

/// An organisation with a login per role, named `<role>-<slug>`.
pub(crate) async fn org(db: &TestDb, slug: &str) -> Org {
    let id = OrgId::from(Uuid::now_v7());
    let profile = Profile {
        slug: slug.to_owned(),
        name: slug.to_owned(),
        timezone: "America/Edmonton".to_owned(),
    };
    db.bus().open_organisation(&context(id), profile).await.unwrap();
    for role in ROLES {
        put_login(db, id, &format!("{role}-{slug}"), role, &HASH).await;
    }
    Org { id, slug: slug.to_owned() }
}

pub(crate) async fn put_login(db: &TestDb, org: OrgId, username: &str, role: &str, hash: &str) {
    sqlx::query("select tenant.put_login($1, $2, $3, $4, $5)")
        .bind(org.as_uuid())
        .bind(Uuid::now_v7())
        .bind(username)
        .bind(role)
        .bind(hash)
        .execute(&db.app)
        .await
        .unwrap();
}
