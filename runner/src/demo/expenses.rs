//! What the business spends: every week on the vans, every other on soap, every month on what has to be paid anyway.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::America::Edmonton;
use domain::finance::category::{self, ExpenseCategoryCommand};
use domain::finance::expense::{self, ExpenseCommand};
use domain::id::{ExpenseCategoryId, ExpenseId};
use domain::invoicing::invoice::lines::share;
use domain::settings::org::Currency;
use rand::Rng;
use rand::rngs::StdRng;
use uuid::Uuid;

use super::BOOKED;
use super::step::{Act, Step};

/// What is spent again and again.
struct Habit {
    category: &'static str,
    vendor: &'static str,
    description: &'static str,
    /// Without tax, in whole dollars: at least, and less than.
    dollars: (i64, i64),
    /// Every so many days.
    every: i64,
    /// GST in parts per million.
    tax_ppm: i64,
}

const HABITS: [Habit; 4] = [
    Habit {
        category: "Fuel",
        vendor: "Prairie Fuel",
        description: "Petrol for the vans",
        dollars: (140, 260),
        every: 7,
        tax_ppm: 50_000,
    },
    Habit {
        category: "Supplies",
        vendor: "Soap & Co",
        description: "Soap, cloths and bags",
        dollars: (90, 320),
        every: 14,
        tax_ppm: 50_000,
    },
    Habit {
        category: "Insurance",
        vendor: "Northern Mutual",
        description: "Liability insurance of the month",
        dollars: (380, 381),
        every: 30,
        tax_ppm: 0,
    },
    Habit {
        category: "Vehicles",
        vendor: "Wheel & Axle",
        description: "Service of a van",
        dollars: (240, 780),
        every: 45,
        tax_ppm: 50_000,
    },
];

/// Writes the expenses of a business from `start` on; the last of each habit is still to be paid.
pub(super) fn write(start: DateTime<Utc>, rng: &mut StdRng, steps: &mut Vec<Step>) {
    for (habit, place) in HABITS.iter().zip(0..) {
        let category_id = ExpenseCategoryId::from(Uuid::from_u128(rng.random()));
        let now = start + TimeDelta::minutes(10 + i64::from(place));
        let terms = category::Terms {
            name: habit.category.to_owned(),
            is_default: place == 0,
            sort_order: place,
        };
        let add = ExpenseCategoryCommand::Add { category_id, terms, now };
        steps.push(Step::staff(now, category_id.to_string(), Act::ExpenseCategory(add)));
        habit.write(category_id, start, rng, steps);
    }
}

impl Habit {
    fn write(
        &self,
        category_id: ExpenseCategoryId,
        start: DateTime<Utc>,
        rng: &mut StdRng,
        steps: &mut Vec<Step>,
    ) {
        let first = rng.random_range(1..self.every.min(10));
        let step = usize::try_from(self.every).unwrap_or(1);
        for day in (first..BOOKED).step_by(step) {
            let now = start + TimeDelta::days(day) + TimeDelta::minutes(rng.random_range(30..300));
            let expense_id = ExpenseId::from(Uuid::from_u128(rng.random()));
            let cents = rng.random_range(self.dollars.0..self.dollars.1) * 100;
            let is_last = day + self.every >= BOOKED;
            let terms = expense::Terms {
                occurred_on: now.with_timezone(&Edmonton).date_naive(),
                category_id,
                vendor: Some(self.vendor.to_owned()),
                description: self.description.to_owned(),
                amount_cents: cents,
                tax_cents: share(cents, self.tax_ppm, 1_000_000),
                receipt_url: None,
                payment_method: (!is_last).then(|| "card".to_owned()),
                paid_on: None,
            };
            let currency = Currency::default();
            let record = ExpenseCommand::Record { expense_id, terms, currency, by: None, now };
            steps.push(Step::staff(now, expense_id.to_string(), Act::Expense(record)));
        }
    }
}
