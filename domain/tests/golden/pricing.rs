//! One sample of each event of pricing.

use domain::pricing::book::Book;
use domain::pricing::catalogue::{Addon, PricingModel, ServiceAddon, ServiceType};
use domain::pricing::price_book::PriceBookEvent;
use uuid::Uuid;

use super::at;

pub(super) fn price_book() -> Vec<PriceBookEvent> {
    let service = ServiceType {
        service_type_id: Uuid::from_u128(1).into(),
        name: "Standard clean".to_owned(),
        active: true,
        default_duration_minutes: 120,
        pricing_model: PricingModel::Hourly,
        base_price_cents: 2_000,
        hourly_rate_cents: 4_000,
        currency: "CAD".to_owned(),
        addons: vec![ServiceAddon {
            service_addon_id: Uuid::from_u128(2).into(),
            name: "Inside of the oven".to_owned(),
            price_cents: 3_000,
            active: false,
        }],
    };
    let addon = Addon {
        addon_id: Uuid::from_u128(3).into(),
        code: "garage".to_owned(),
        name: "Garage".to_owned(),
        price_cents: 5_000,
        default_minutes: 45,
        is_active: true,
    };
    let mut book =
        Book { services: vec![service.clone()], addons: vec![addon.clone()], ..Book::default() };
    book.policies.scheduling.max_bookings_per_day = Some(4);
    book.policies.deposit.notes = Some("By transfer".to_owned());
    vec![
        PriceBookEvent::DraftOpened { from: 0, at: at(0) },
        PriceBookEvent::DraftDiscarded { at: at(1) },
        PriceBookEvent::ServiceDefined { service, at: at(2) },
        PriceBookEvent::ServiceRetired { service_type_id: Uuid::from_u128(1).into(), at: at(3) },
        PriceBookEvent::AddonDefined { addon, at: at(4) },
        PriceBookEvent::RatesChanged { rates: Box::new(book.rates.clone()), at: at(5) },
        PriceBookEvent::TaxChanged { tax_ppm: 50_000, at: at(6) },
        PriceBookEvent::PoliciesChanged { policies: Box::new(book.policies.clone()), at: at(7) },
        PriceBookEvent::Published {
            version: 1,
            hash: "sha256:5c10".to_owned(),
            book: Box::new(book),
            at: at(8),
        },
    ]
}
