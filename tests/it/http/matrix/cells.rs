//! One route, one caller: everything that can be named, and what each answer must be.

use serde_json::Value;

use super::fill::{BY_TOKEN, ENDING, INSTEAD, PERSONAL, THINGS};
use super::routes::{Parameter, Place, Route, meaning};
use super::world::{Caller, Proof, World};
use super::{named, told};
use crate::harness::client::Answer;

/// Whose id is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Own,
    Ended,
    Foreign,
    ForeignEnded,
    Missing,
    Malformed,
}

const ALL: [Class; 6] = [
    Class::Own,
    Class::Ended,
    Class::Foreign,
    Class::ForeignEnded,
    Class::Missing,
    Class::Malformed,
];

/// How a caller fares before anything is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Unauthenticated,
    Forbidden,
    Admitted,
}

/// What the rule of a route says about a caller.
pub(super) fn verdict(route: &Route, caller: &Caller) -> Verdict {
    let rule = &route.declared;
    let admitted = match rule.access {
        "public" => return Verdict::Admitted,
        "worker" | "client" if caller.proof == Proof::Portal(rule.access) => {
            return Verdict::Admitted;
        }
        "worker" | "client" => return Verdict::Unauthenticated,
        "signed_in" => true,
        "staff" => caller.permissions.keys().any(|key| rule.permissions.contains(&key)),
        "owner" => caller.is_owner,
        other => panic!(
            "{}: teach tests/it/http/matrix/cells.rs who gets in where the access is {other}",
            route.title
        ),
    };
    let needs_session = rule.path.starts_with("/v1/auth/");
    match caller.proof {
        Proof::None | Proof::Portal(_) => Verdict::Unauthenticated,
        Proof::Basic if needs_session => Verdict::Unauthenticated,
        _ if admitted => Verdict::Admitted,
        _ => Verdict::Forbidden,
    }
}

/// The matrix, as far as it has been run.
pub(super) struct Cells<'a> {
    world: &'a World,
    pub(super) count: usize,
}

/// What is sent: the line of the request, its body, and what is named in it that may come back.
struct Request {
    line: String,
    body: String,
    sent: Vec<String>,
}

impl<'a> Cells<'a> {
    pub(super) fn new(world: &'a World) -> Self {
        Self { world, count: 0 }
    }

    pub(super) async fn run(&mut self, route: &Route, caller: &Caller) {
        match verdict(route, caller) {
            Verdict::Admitted if route.ids.is_empty() => self.without_ids(route, caller).await,
            Verdict::Admitted => {
                for id in &route.ids {
                    self.compared(route, caller, std::slice::from_ref(id)).await;
                    self.own(route, caller, id).await;
                }
                let in_path: Vec<_> = route.in_path().cloned().collect();
                if in_path.len() > 1 {
                    self.compared(route, caller, &in_path).await;
                }
            }
            refused => self.refused(route, caller, refused).await,
        }
    }

    /// The same refusal whatever is named.
    async fn refused(&mut self, route: &Route, caller: &Caller, verdict: Verdict) {
        let (status, code) = match verdict {
            Verdict::Forbidden => (403, "forbidden"),
            _ => (401, "unauthenticated"),
        };
        let mut first = None;
        let mut cells: Vec<(&[Parameter], Class)> = vec![(&[], Class::Own)];
        for id in &route.ids {
            cells.extend(ALL.map(|class| (std::slice::from_ref(id), class)));
        }
        for (ids, class) in cells {
            let request = self.request(route, ids, class);
            let answer = self.send(caller, &request).await;
            let asked = asked(route, caller, ids, class);
            assert_eq!((answer.status, answer.code()), (status, code), "{asked}: {}", answer.text);
            let told = told(&answer, request.sent.first().map_or("", String::as_str));
            assert_eq!(*first.get_or_insert_with(|| told.clone()), told, "{asked}");
        }
    }

    /// Foreign, alive or ended, is like missing; malformed is a clear refusal.
    async fn compared(&mut self, route: &Route, caller: &Caller, ids: &[Parameter]) {
        let is_path = ids.iter().all(|id| id.place == Place::Path);
        for header in [None, Some(if route.reads() { "if-none-match" } else { "if-match" })] {
            let mut missing = None;
            for class in [Class::Missing, Class::Foreign, Class::ForeignEnded] {
                let request = self.request(route, ids, class);
                let client = header.map(|name| caller.client.with(name, "\"1\""));
                let client = client.as_ref().unwrap_or(&caller.client);
                let answer = self.send_as(client, &request).await;
                let asked = asked(route, caller, ids, class);
                // Of what is kept together, the whole has the version: then that is looked at first.
                let unlike = header == Some("if-match") && answer.status == 412;
                assert!(
                    !is_path || unlike || answer.status == 404,
                    "{asked}: {} {}",
                    answer.status,
                    answer.text
                );
                let mut found = told(&answer, "");
                for sent in &request.sent {
                    found.2 = found.2.replace(sent.as_str(), "{id}");
                }
                // What one's own staff tried with an id, here a moment ago, is told of any id.
                if route.declared.path.starts_with("/v1/admin/audit-logs") {
                    found = without_attempts(&answer);
                }
                // What was made anew has a new id; that it was made in both cases is all there is to compare.
                if !route.reads() && answer.status < 300 {
                    found = (answer.status, Vec::new(), String::new());
                }
                let missing = missing.get_or_insert_with(|| found.clone());
                assert_eq!(*missing, found, "{asked}: told apart from an id that nothing has");
            }
        }
        let answer = self.send(caller, &self.request(route, ids, Class::Malformed)).await;
        let asked = asked(route, caller, ids, Class::Malformed);
        let wanted = if is_path { answer.status == 404 } else { answer.status < 500 };
        assert!(wanted, "{asked}: {} {}", answer.status, answer.text);
    }

    /// One's own can be used, or all that was compared above proves nothing.
    async fn own(&mut self, route: &Route, caller: &Caller, id: &Parameter) {
        let ids = std::slice::from_ref(id);
        // Whoever changes things changes them for those who ask next: one caller of each kind has to do.
        if !route.reads() && !caller.is_owner && route.declared.access != "public" {
            return;
        }
        let is_of_a_person = matches!(route.declared.access, "worker" | "client");
        if is_of_a_person || route.ids.iter().any(|id| PERSONAL.contains(&id.name.as_str())) {
            return;
        }
        let is_instead = INSTEAD
            .iter()
            .any(|(title, names)| *title == route.title && names.contains(&id.name.as_str()));
        if is_instead {
            return;
        }
        let mut request = self.request(route, ids, Class::Own);
        if let Some(last) = route.in_path().last().filter(|_| !route.reads()) {
            let fresh = self.world.fresh(0, &last.name).await;
            let kept = named(self.world, Class::Own, &last.name);
            request.line = request.line.replace(&kept, &fresh);
        }
        let answer = self.used(route, caller, &request).await;
        let asked_own = asked(route, caller, ids, Class::Own);
        let refused = [400, 401, 403, 404, 405, 415, 422].contains(&answer.status);
        assert!(!refused && answer.status < 500, "{asked_own}: {} {}", answer.status, answer.text);

        let request = self.request(route, ids, Class::Ended);
        let answer = self.used(route, caller, &request).await;
        let asked_ended = asked(route, caller, ids, Class::Ended);
        assert!(answer.status < 500, "{asked_ended}: {} {}", answer.status, answer.text);
        let thing = THINGS.iter().find(|thing| thing.name == meaning(&id.name));
        let erased =
            thing.and_then(|thing| thing.ended_by).is_some_and(|(by, _)| by.contains("/erase"));
        if erased && id.place == Place::Path {
            let shown = answer.text.contains(self.world.orgs[0].mark);
            assert!(!shown, "{asked_ended} shows who was erased: {}", answer.text);
        }
    }

    /// What changes something may wait until the read models know of it; what is there to be read is known.
    async fn used(&mut self, route: &Route, caller: &Caller, request: &Request) -> Answer {
        let world = self.world;
        let answer = self.send(caller, request);
        if route.reads() { answer.await } else { world.app.following(answer).await }
    }

    /// Lists and new things: they open to whom they should, and show nothing of others however they are asked.
    async fn without_ids(&mut self, route: &Route, caller: &Caller) {
        let title = asked(route, caller, &[], Class::Own);
        let path = route.declared.path.as_str();
        if ENDING.contains(&route.title.as_str()) || BY_TOKEN.contains(&path) {
            return;
        }
        let mut request = self.request(route, &[], Class::Own);
        if !route.reads() && route.body().is_some() {
            // Far enough to be let in, and no further.
            "[1]".clone_into(&mut request.body);
        }
        let answer = self.send(caller, &request).await;
        let denied = [401, 403].contains(&answer.status);
        assert!(!denied && answer.status < 500, "{title}: {} {}", answer.status, answer.text);
        if !route.reads() || !caller.is_owner {
            return;
        }
        let theirs = &self.world.orgs[1];
        let page = self.world.send(&theirs.owner, &request.line, "").await;
        for filter in &route.filters {
            let mut values =
                vec![theirs.mark.to_owned(), "0".to_owned(), "1".to_owned(), "-1".to_owned()];
            values.extend(theirs.made.lock().unwrap().iter().take(5).cloned());
            // Where a page of theirs goes on.
            values.extend(["next_cursor", "next_after"].iter().filter_map(|next| {
                let value = &page.body[*next];
                (!value.is_null()).then(|| value.to_string().trim_matches('"').to_owned())
            }));
            for value in values {
                let line = format!("{}?{filter}={value}", request.line);
                let answer = self
                    .send(caller, &Request { line, body: String::new(), sent: vec![value] })
                    .await;
                assert!(answer.status < 500, "{title} by {filter}: {}", answer.text);
            }
        }
    }

    /// The request in which `ids` are of `class`, and all others one's own.
    fn request(&self, route: &Route, ids: &[Parameter], class: Class) -> Request {
        let of = |parameter: &Parameter| {
            let class = if ids.contains(parameter) { class } else { Class::Own };
            named(self.world, class, &parameter.name)
        };
        let mut line = format!("{} {}", route.declared.method, route.path);
        for id in route.in_path() {
            line = line.replace(&format!("{{{}}}", id.name), &of(id));
        }
        let mut body = self.world.own(route.body().unwrap_or_default());
        for id in ids {
            match id.place {
                Place::Path => {}
                Place::Query => line = format!("{line}?{}={}", id.name, of(id)),
                Place::Body => {
                    let mut json: Value = serde_json::from_str(&body).unwrap();
                    let is_list = id.name.ends_with("_ids");
                    json[&id.name] = if is_list { vec![of(id)].into() } else { of(id).into() };
                    body = json.to_string();
                }
            }
        }
        Request { line, body, sent: ids.iter().map(of).collect() }
    }

    async fn send(&mut self, caller: &Caller, request: &Request) -> Answer {
        self.send_as(&caller.client, request).await
    }

    async fn send_as(&mut self, client: &crate::harness::Client, request: &Request) -> Answer {
        self.count += 1;
        let client = client.with("x-request-id", "asked");
        let answer = self.world.send(&client, &request.line, &request.body).await;
        let sent: Vec<&str> = request.sent.iter().map(String::as_str).collect();
        self.world.orgs[1].is_not_in(&answer, &sent, &request.line);
        answer
    }
}

fn asked(route: &Route, caller: &Caller, ids: &[Parameter], class: Class) -> String {
    let names: Vec<_> = ids.iter().map(|id| id.name.as_str()).collect();
    format!("{} by {}, {} {class:?}", route.title, caller.label, names.join(" and "))
}

/// An audit log without what is no event; its length went with it.
fn without_attempts(answer: &Answer) -> (u16, Vec<String>, String) {
    let items = answer.body["items"].as_array().into_iter().flatten();
    let events: Vec<_> = items.filter(|item| item["number"] == 0).map(Value::to_string).collect();
    (answer.status, events, String::new())
}
