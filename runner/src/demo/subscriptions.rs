//! Visits that come again and again: one subscription that goes on, one that rests, and one that has ended.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::America::Edmonton;
use domain::id::SubscriptionId;
use domain::pricing::prices;
use domain::scheduling::subscription::plan::{Plan, Rhythm};
use domain::scheduling::subscription::{Origin, SubscriptionCommand};
use rand::Rng;
use rand::rngs::StdRng;
use uuid::Uuid;

use super::clients::Customer;
use super::step::{Act, Step};

/// Begins them shortly before `end`, for the first customers.
pub(super) fn write(
    customers: &[Customer],
    end: DateTime<Utc>,
    rng: &mut StdRng,
    steps: &mut Vec<Step>,
) {
    let rhythms = [Rhythm::Weekly, Rhythm::Biweekly, Rhythm::Monthly];
    for ((customer, frequency), hours) in customers.iter().zip(rhythms).zip(28..) {
        let at = end - TimeDelta::hours(hours);
        let subscription_id = SubscriptionId::from(Uuid::from_u128(rng.random()));
        let today = at.with_timezone(&Edmonton).date_naive();
        let start = SubscriptionCommand::Start(Origin {
            subscription_id,
            client: customer.client,
            plan: Plan {
                frequency,
                // Nothing is booked before somebody has looked around.
                start_date: today + TimeDelta::days(16),
                preferred_weekday: None,
                preferred_day_of_month: None,
                base_service_type: "standard".to_owned(),
            },
            price_cents: 9_450,
            price_book: Some(prices::economy_v1().name()),
            today,
            now: at,
        });
        let mut push = |at, command| {
            steps.push(Step::staff(at, subscription_id.to_string(), Act::Subscription(command)));
        };
        push(at, start);
        let now = at + TimeDelta::hours(12);
        match frequency {
            Rhythm::Weekly => {}
            Rhythm::Biweekly => {
                let reason = Some("Away until spring".to_owned());
                push(now, SubscriptionCommand::Pause { reason, now });
            }
            Rhythm::Monthly => push(now, SubscriptionCommand::Cancel { reason: None, now }),
        }
    }
}
