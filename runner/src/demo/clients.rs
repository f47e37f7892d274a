//! Who is cleaned for.

use chrono::{DateTime, TimeDelta, Utc};
use domain::customers::client::{ClientCommand, Contact};
use domain::id::{ClientId, OrgId};
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use uuid::Uuid;

use super::DAYS;
use super::names::{FAMILY, GIVEN, STREETS};
use super::people;
use super::step::{Act, Step};

/// A customer, as far as visits are concerned.
pub(super) struct Customer {
    pub(super) client: ClientId,
    /// From when on they are one.
    pub(super) since: DateTime<Utc>,
    /// Where they live.
    pub(super) place: String,
}

/// Registers whoever is missing beside those who can sign in. A third has been there from the beginning, the others came by and by.
pub(super) fn write(
    org: OrgId,
    clients: usize,
    start: DateTime<Utc>,
    rng: &mut StdRng,
    steps: &mut Vec<Step>,
) -> Option<Vec<Customer>> {
    let mut customers = Vec::with_capacity(clients);
    for place in 0..clients {
        let home = format!("{} {}", rng.random_range(1..400_u16), STREETS.choose(rng)?);
        if place < people::CLIENTS.len() {
            let client = people::client(org, place);
            customers.push(Customer { client, since: start, place: home });
            continue;
        }
        let minute = 30 + i64::try_from(place).ok()?;
        let day = if place % 3 == 0 { 0 } else { rng.random_range(0..DAYS - 12) };
        let since = start + TimeDelta::days(day) + TimeDelta::minutes(minute);
        let client = ClientId::from(Uuid::from_u128(rng.random()));
        let (given, family) = (GIVEN.choose(rng)?, FAMILY.choose(rng)?);
        let email =
            format!("{}.{}{place}@example.org", given.to_lowercase(), family.to_lowercase());
        let phone = format!("780-555-02{place:02}");
        let contact = Contact::parse(&format!("{given} {family}"), &email, Some(&phone)).ok()?;
        let register = ClientCommand::Register { client_id: client, contact, now: since };
        steps.push(Step::staff(since, client.to_string(), Act::Client(register)));
        customers.push(Customer { client, since, place: home });
    }
    Some(customers)
}
