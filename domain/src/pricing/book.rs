//! Everything that one version says: rates, tax, services, extras and terms.
//!
//! 1. An extra that estimates know costs in them what it costs in the catalogue.

use serde::{Deserialize, Serialize};
use serde_json::json;
use strum::VariantArray;
use uuid::Uuid;

use super::catalogue::{Addon, ServiceAddon, ServiceType};
use super::digest;
use super::prices::economy_v1;
use super::rates::Rates;
use crate::id::{AddonId, ServiceAddonId, ServiceTypeId};
use crate::input::Problems;
use crate::sales::estimate::{AddOn, EstimateInput};
use crate::scheduling::terms::policies::BookingPolicies;

/// What a version says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Book {
    /// What visits are estimated with.
    pub rates: Rates,
    /// The tax on top of prices, in parts per million.
    pub tax_ppm: u32,
    /// Kinds of service, in the order in which they were made.
    pub services: Vec<ServiceType>,
    /// Extras of any visit, in the order in which they were made.
    pub addons: Vec<Addon>,
    /// The terms of bookings.
    pub policies: BookingPolicies,
}

/// The book of an organisation that has published nothing of its own.
impl Default for Book {
    fn default() -> Self {
        let rates = economy_v1().rates().clone();
        let addon = |one: &AddOn| {
            let code: &str = one.into();
            Addon {
                addon_id: Uuid::new_v5(&Uuid::nil(), code.as_bytes()).into(),
                code: code.to_owned(),
                name: one.title().to_owned(),
                price_cents: rates.add_on_cents.get(one).copied().unwrap_or(0),
                default_minutes: 0,
                is_active: true,
            }
        };
        let addons = AddOn::VARIANTS.iter().map(addon).collect();
        let (services, policies) = (Vec::new(), BookingPolicies::default());
        Self { rates, tax_ppm: 0, services, addons, policies }
    }
}

impl Book {
    /// Digest of everything it says.
    pub fn hash(&self) -> String {
        digest::of(&json!(self))
    }

    /// The tax on a line of which nothing else is said, in parts per million, if there is any.
    pub fn usual_tax_ppm(&self) -> Option<u32> {
        Some(self.tax_ppm).filter(|rate| *rate > 0)
    }

    /// A kind of service.
    pub fn service(&self, id: ServiceTypeId) -> Option<&ServiceType> {
        self.services.iter().find(|one| one.service_type_id == id)
    }

    /// What can be had with a kind of service, and that kind.
    pub fn service_addon(&self, id: ServiceAddonId) -> Option<(&ServiceType, &ServiceAddon)> {
        let of = |service: &ServiceType| {
            service.addons.iter().position(|one| one.service_addon_id == id)
        };
        let found = self.services.iter().find_map(|one| Some((one, of(one)?)));
        found.map(|(service, place)| (service, &service.addons[place]))
    }

    /// An extra.
    pub fn addon(&self, id: AddonId) -> Option<&Addon> {
        self.addons.iter().find(|one| one.addon_id == id)
    }

    /// Names the extras that cannot be had any more.
    pub fn offers(&self, input: &EstimateInput) -> Result<(), Problems> {
        let mut wrong = Problems::default();
        for addon in input.add_ons.keys() {
            let code: &str = addon.into();
            if self.addons.iter().any(|one| one.code == code && !one.is_active) {
                wrong.push(format!("add_ons.{code}"), "Not offered any more");
            }
        }
        wrong.or(())
    }

    pub(super) fn put_service(&mut self, service: ServiceType) {
        let place = self.services.iter_mut();
        match place.into_iter().find(|one| one.service_type_id == service.service_type_id) {
            Some(place) => *place = service,
            None => self.services.push(service),
        }
    }

    pub(super) fn put_addon(&mut self, addon: Addon) {
        if let Ok(known) = addon.code.parse::<AddOn>() {
            self.rates.add_on_cents.insert(known, addon.price_cents);
        }
        match self.addons.iter_mut().find(|one| one.addon_id == addon.addon_id) {
            Some(place) => *place = addon,
            None => self.addons.push(addon),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_published_is_economy_v1_and_can_be_meant() {
        let book = Book::default();
        assert_eq!(book.rates, *economy_v1().rates());
        assert_eq!(book.rates.check(), Ok(()));
        assert_eq!(book.policies.check(), Ok(()));
        assert_eq!(book.addons.len(), AddOn::VARIANTS.len());
    }

    #[test]
    fn what_is_read_again_says_the_same() {
        let book = Book::default();
        let read: Book = serde_json::from_str(&json!(book).to_string()).unwrap();
        assert_eq!((read.hash(), &read), (book.hash(), &book));
    }

    #[test]
    fn an_extra_costs_in_estimates_what_the_catalogue_says_and_is_refused_when_it_is_gone() {
        let mut book = Book::default();
        let mut oven = book.addons[0].clone();
        oven.price_cents = 4_200;
        oven.is_active = false;
        book.put_addon(oven);
        assert_eq!(book.rates.add_on_cents[&AddOn::Oven], 4_200);
        let wanted = json!({ "beds": 1, "baths": 1, "add_ons": { "oven": true, "fridge": true } });
        let problems = book.offers(&EstimateInput::parse(&wanted).unwrap()).unwrap_err();
        assert_eq!(problems.as_slice()[0].field, "add_ons.oven");
        assert_eq!(problems.as_slice().len(), 1);
    }
}
