//! The seven roles and the 29 keys, held over HTTP against every route that asks for one.

use domain::access::Permission;
use serde_json::{Value, json};
use strum::VariantArray;

use super::cells::{Verdict, verdict};
use super::fill::ENDING;
use super::routes::{self, Route};
use super::world::{Caller, NOBODY, Proof, World};

/// Who holds what: owner, admin, dispatcher, accountant, finance, viewer, worker. Written out once more, so that a slip in
/// the rules is no slip here.
const TABLE: &str = "
    core.view                xxxxxx.
    bookings.view            xxxxxxx
    bookings.edit            xxx....
    bookings.assign          xxx....
    bookings.status          xxx...x
    schedule.blocking.manage xx.....
    contacts.view            xxx..x.
    contacts.edit            xxx....
    leads.view               xxx....
    leads.manage             xx.....
    quality.view             xx.....
    quality.manage           xx.....
    invoices.view            xx.xxx.
    invoices.edit            xx.xx..
    invoices.send            xx.xx..
    payments.record          xx.xx..
    finance.view             xx.xx..
    finance.manage           xx.xx..
    exports.run              xx.xx..
    pricing.manage           xx.....
    policies.manage          xx.....
    settings.manage          xx.....
    users.manage             xx.....
    reports.view             xxx..x.
    training.view            xx.....
    training.manage          xx.....
    inventory.view           xx.....
    inventory.manage         xx.....
    admin.manage             xx.....";

const ROLES: [&str; 7] =
    ["owner", "admin", "dispatcher", "accountant", "finance", "viewer", "worker"];

/// The keys of a role by the table, in its order.
fn keys_of(role: usize) -> Vec<&'static str> {
    let rows = TABLE.lines().filter_map(|line| line.trim().split_once(' '));
    let held = rows.filter(|(_, marks)| marks.trim().as_bytes()[role] == b'x');
    held.map(|(key, _)| key).collect()
}

#[tokio::test]
async fn each_role_holds_what_the_table_says_by_name_and_password_and_in_a_session() {
    assert_eq!(TABLE.trim().lines().count(), 29);
    let world = World::start().await;
    for (number, role) in ROLES.iter().enumerate() {
        let callers = world
            .callers
            .iter()
            .filter(|caller| caller.label.to_lowercase().starts_with(&format!("{role} by")));
        let mut asked = 0;
        for caller in callers {
            let profile = caller.client.get("/v1/admin/profile").await;
            let mut wanted = keys_of(number);
            let mut held: Vec<&str> = profile.ok().body["permissions"]
                .as_array()
                .unwrap()
                .iter()
                .map(|key| key.as_str().unwrap())
                .collect();
            wanted.sort_unstable();
            held.sort_unstable();
            assert_eq!(held, wanted, "{}", caller.label);
            asked += 1;
        }
        assert_eq!(asked, 2, "{role}");
    }
}

/// A request that a caller who may use the route gets nowhere with, and one who may not is refused for that.
async fn is_let_in(world: &World, route: &Route, caller: &Caller) -> bool {
    let mut line = format!("{} {}", route.declared.method, route.path);
    for id in route.in_path() {
        line = line.replace(&format!("{{{}}}", id.name), NOBODY);
    }
    let body = if !route.reads() && route.in_path().next().is_none() { "[1]" } else { "{}" };
    let body = if route.reads() { "" } else { body };
    let answer = world.send(&caller.client, &line, body).await;
    assert!(answer.status < 500, "{line}: {}", answer.text);
    answer.code() != "forbidden"
}

#[tokio::test]
async fn a_key_opens_the_routes_that_ask_for_it_and_no_other() {
    let world = World::start().await;
    let (routes, _) = routes::all();
    let guarded: Vec<_> = routes
        .iter()
        .filter(|route| ["staff", "owner", "signed_in"].contains(&route.declared.access))
        .filter(|route| !ENDING.contains(&route.title.as_str()))
        .collect();
    let (role, change) = world.role("one key", &[]).await;
    let client = world.member("one-key", "owner", &Value::from(role)).await;
    let mut caller = Caller { client, label: String::new(), is_owner: false, ..clone(&world) };
    let mut used = 0;
    for key in Permission::VARIANTS {
        let name: &'static str = key.into();
        let body = json!({ "permissions": [name] }).to_string();
        world.send(&world.orgs[0].owner, &change, &body).await.ok();
        name.clone_into(&mut caller.label);
        caller.permissions = std::iter::once(*key).collect();
        for route in &guarded {
            let wanted = verdict(route, &caller) == Verdict::Admitted;
            assert_eq!(
                is_let_in(&world, route, &caller).await,
                wanted,
                "{} with {name}",
                route.title
            );
            used += usize::from(route.declared.permissions.contains(&name));
        }
    }
    let asking: usize = guarded.iter().map(|route| route.declared.permissions.len()).sum();
    assert_eq!(used, asking, "a route asks for a key that is in no catalogue");
    eprintln!("{} routes x {} keys", guarded.len(), Permission::VARIANTS.len());
}

/// A caller in a session, to be given a name and a client of its own.
fn clone(world: &World) -> Caller {
    let mut known = world.callers.iter().rev();
    let any = known.find(|caller| caller.proof == Proof::Session).unwrap();
    Caller {
        label: any.label.clone(),
        client: any.client.clone(),
        proof: any.proof,
        permissions: any.permissions,
        is_owner: any.is_owner,
    }
}
