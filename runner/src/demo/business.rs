//! The past of one business, as commands in the order of their moments.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use domain::id::OrgId;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::leads::Leads;
use super::step::Step;
use super::visits::Visits;
use super::{BOOKED, DAYS, calendar, clients, expenses, invoices, offers, staff, subscriptions};

/// How large it is. There are as many teams as names of teams.
pub(super) struct Business {
    leads: usize,
    clients: usize,
    workers: usize,
    visits: usize,
}

impl Business {
    /// A tenth of a small business.
    pub(super) const SAMPLE: Self = Self { leads: 20, clients: 6, workers: 4, visits: 60 };
    /// Three vans.
    pub(super) const SMALL: Self = Self { leads: 200, clients: 60, workers: 8, visits: 600 };

    /// Everything that happened within [`DAYS`] after `start`; what would come after that has not happened.
    pub(super) fn history(&self, org: OrgId, seed: u64, start: DateTime<Utc>) -> Vec<Step> {
        let end = start + TimeDelta::days(DAYS);
        let mut steps = Vec::new();
        // Names enough are part of the program; without them less would have happened.
        let _ = self.write(org, &mut StdRng::seed_from_u64(seed), (start, end), &mut steps);
        steps.retain(|step| step.at < end);
        steps.sort_by_key(|step| step.at);
        steps
    }

    fn write(
        &self,
        org: OrgId,
        rng: &mut StdRng,
        (start, end): (DateTime<Utc>, DateTime<Utc>),
        steps: &mut Vec<Step>,
    ) -> Option<()> {
        let mut won = Leads { rng, start, steps }.write(self.leads);
        won.sort_by_key(|won| won.at);
        let crews = staff::write(org, self.workers, start, rng, steps)?;
        let customers = clients::write(org, self.clients, start, rng, steps)?;
        let slots = calendar::choose(self.visits, start, rng)?;
        let visits = Visits {
            rng,
            end,
            steps,
            crews: &crews,
            customers: &customers,
            won,
            known: HashMap::new(),
            evenings: HashSet::new(),
        };
        visits.write(&slots)?;
        subscriptions::write(&customers, end, rng, steps);
        offers::publish(org, rng, start, steps)?;
        let books = (end - TimeDelta::days(BOOKED), end);
        invoices::write(books, rng, steps)?;
        expenses::write(books.0, rng, steps);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use cqrs_es::Aggregate;
    use cqrs_es::event_sink::EventSink;
    use domain::customers::client::ClientCommand;
    use domain::invoicing::invoice::InvoiceCommand;
    use domain::invoicing::invoice::number::InvoiceNumber;
    use domain::people::worker::WorkerCommand;
    use domain::sales::lead::LeadCommand;
    use domain::scheduling::booking::{Booking, BookingCommand, DepositStep};
    use domain::scheduling::team::TeamCommand;
    use uuid::Uuid;

    use super::*;
    use crate::demo::people;
    use crate::demo::step::Act;

    fn history(seed: u64) -> Vec<Step> {
        let start = DateTime::UNIX_EPOCH + TimeDelta::hours(20_000 * 24 + 20);
        Business::SMALL.history(Uuid::from_u128(1).into(), seed, start)
    }

    fn count(steps: &[Step], is: impl Fn(&Act) -> bool) -> usize {
        steps.iter().filter(|step| is(&step.act)).count()
    }

    #[test]
    fn a_small_business_is_as_large_as_it_says() {
        let steps = history(1);
        let leads = |act: &Act| matches!(act, Act::Lead(LeadCommand::Submit(_)));
        let clients = |act: &Act| matches!(act, Act::Client(ClientCommand::Register { .. }));
        let workers = |act: &Act| matches!(act, Act::Worker(WorkerCommand::Hire { .. }));
        let teams = |act: &Act| matches!(act, Act::Team(TeamCommand::Create { .. }));
        let visits = |act: &Act| matches!(act, Act::Booking(BookingCommand::Request(_)));
        assert_eq!(count(&steps, leads), 200);
        assert_eq!(count(&steps, clients) + people::CLIENTS.len(), 60);
        assert_eq!(count(&steps, workers) + people::WORKERS.len(), 8);
        assert_eq!(count(&steps, teams), 3);
        assert_eq!(count(&steps, visits), 600);
    }

    #[test]
    fn its_visits_are_in_every_state() {
        type B = BookingCommand;
        let steps = history(1);
        let has = |is: fn(&B) -> bool| count(&steps, |act| matches!(act, Act::Booking(b) if is(b)));
        let asked = has(|b| matches!(b, B::Request(_)));
        let promised = has(|b| matches!(b, B::Confirm { .. }));
        let begun = has(|b| matches!(b, B::Start { .. }));
        let done = has(|b| matches!(b, B::Complete { .. }));
        assert!(asked > promised && asked > begun && begun > done && done > 300);
        assert!(has(|b| matches!(b, B::Cancel { .. })) > 30);
        assert!(has(|b| matches!(b, B::Place(_))) > 5);
        assert!(has(|b| matches!(b, B::SetArchived { .. })) > 3);
        assert!(has(|b| matches!(b, B::Deposit { step: DepositStep::Expire, .. })) > 3);
        assert!(has(|b| matches!(b, B::Deposit { step: DepositStep::Pay { .. }, .. })) > 3);
    }

    #[test]
    fn what_is_done_is_invoiced_and_most_of_it_paid() {
        type I = InvoiceCommand;
        let steps = history(1);
        let has = |is: fn(&I) -> bool| count(&steps, |act| matches!(act, Act::Invoice(i) if is(i)));
        let since = steps.last().unwrap().at - TimeDelta::days(BOOKED);
        let of_late: Vec<Step> = steps.iter().filter(|step| step.at > since).cloned().collect();
        let is_done = |act: &Act| matches!(act, Act::Booking(BookingCommand::Complete { .. }));
        let done = count(&of_late, is_done);
        let written = has(|i| matches!(i, I::Draft(_)));
        let paid = has(|i| matches!(i, I::Pay { .. }));
        assert!(written.abs_diff(done) < 12 && written > 100, "{written} of {done}");
        assert!(paid < written && paid * 2 > written, "{paid} of {written}");
        assert!(has(|i| matches!(i, I::MarkOverdue { .. })) > 2);
        assert_eq!(has(|i| matches!(i, I::Void { .. })), 1);
        let spent = count(&steps, |act| matches!(act, Act::Expense(_)));
        assert!(spent > 5, "{spent}");
        let numbers: Vec<_> = steps
            .iter()
            .filter_map(|step| match &step.act {
                Act::Invoice(I::Draft(draft)) => Some(draft.number),
                _ => None,
            })
            .collect();
        let follows =
            |two: &[InvoiceNumber]| two[1] == InvoiceNumber::after(Some(two[0]), two[1].year);
        assert!(numbers.windows(2).all(|two| two[0].year != two[1].year || follows(two)));
    }

    /// Which lives there are depends on the dice; the largest demo throws them for two hundred seeds.
    #[tokio::test]
    async fn every_visit_of_every_seed_may_live_as_it_is_told() {
        for seed in 1..=30 {
            let mut visits: HashMap<String, Booking> = HashMap::new();
            for step in history(seed) {
                let Act::Booking(command) = step.act else { continue };
                let visit = visits.entry(step.id.clone()).or_default();
                let said = format!("seed {seed}, {}: {command:?}", step.id);
                let lived = visit.handle(command, &(), &EventSink::default()).await;
                assert!(lived.is_ok(), "{said}: {lived:?}");
            }
        }
    }

    #[test]
    fn it_is_the_same_for_the_same_seed_only() {
        let places =
            |seed| history(seed).into_iter().map(|step| (step.at, step.id)).collect::<Vec<_>>();
        assert_eq!(places(1), places(1));
        assert_ne!(places(1), places(2));
    }
}
