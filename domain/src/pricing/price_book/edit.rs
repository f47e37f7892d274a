//! What a change of the book comes to.

use chrono::{DateTime, Utc};

use super::command::{Edit, PriceBookError};
use super::event::PriceBookEvent;
use crate::id::{AddonId, ServiceAddonId, ServiceTypeId};
use crate::pricing::book::Book;
use crate::pricing::catalogue::{
    Addon, AddonChange, ServiceAddon, ServiceAddonChange, ServiceChange, ServiceType,
};

/// More than anybody chooses from.
const MOST_SERVICES: usize = 100;
const MOST_ADDONS: usize = 100;
const MOST_OF_A_SERVICE: usize = 50;

/// No event if that is what the book says already.
type Change = Result<Vec<PriceBookEvent>, PriceBookError>;

impl Book {
    pub(super) fn edit(&self, edit: Edit, at: DateTime<Utc>) -> Change {
        match edit {
            Edit::AddService(id, new) => {
                fits(self.service(id).is_none(), self.services.len() < MOST_SERVICES)?;
                self.define(&ServiceType::new(id, &self.rates.currency), new, at)
            }
            Edit::ChangeService(id, change) => {
                let service = self.service(id).ok_or(PriceBookError::ServiceNotFound)?;
                self.define(service, change, at)
            }
            Edit::RetireService(service_type_id) => {
                let service = self.service(service_type_id);
                service.ok_or(PriceBookError::ServiceNotFound)?;
                Ok(vec![PriceBookEvent::ServiceRetired { service_type_id, at }])
            }
            Edit::AddServiceAddon(service, id, new) => self.add_to_service(service, id, &new, at),
            Edit::ChangeServiceAddon(id, change) => {
                let (service, addon) =
                    self.service_addon(id).ok_or(PriceBookError::AddonNotFound)?;
                let after = addon.with(&change)?;
                Ok(service_with(
                    service,
                    |one| (one.service_addon_id != id).then(|| one.clone()).or(Some(after.clone())),
                    at,
                ))
            }
            Edit::RetireServiceAddon(id) => {
                let (service, _) = self.service_addon(id).ok_or(PriceBookError::AddonNotFound)?;
                let others = |one: &ServiceAddon| (one.service_addon_id != id).then(|| one.clone());
                Ok(service_with(service, others, at))
            }
            Edit::AddAddon(id, code, new) => self.add_addon(id, code, &new, at),
            Edit::ChangeAddon(id, change) => {
                let before = self.addon(id).ok_or(PriceBookError::AddonNotFound)?;
                let addon = before.with(&change)?;
                let is_new = addon != *before;
                Ok(is_new
                    .then_some(PriceBookEvent::AddonDefined { addon, at })
                    .into_iter()
                    .collect())
            }
            Edit::Settings(rates, tax_ppm) => {
                let rates = rates.over(&self.rates)?;
                let rates = Some(rates).filter(|rates| *rates != self.rates).map(Box::new);
                let tax = tax_ppm.filter(|tax| *tax != self.tax_ppm);
                let rates = rates.map(|rates| PriceBookEvent::RatesChanged { rates, at });
                let tax = tax.map(|tax_ppm| PriceBookEvent::TaxChanged { tax_ppm, at });
                Ok(rates.into_iter().chain(tax).collect())
            }
            Edit::Policies(change) => {
                let policies = change.over(&self.policies)?;
                let changed = Some(policies).filter(|policies| *policies != self.policies);
                let policies = changed.map(Box::new);
                Ok(policies
                    .map(|policies| PriceBookEvent::PoliciesChanged { policies, at })
                    .into_iter()
                    .collect())
            }
        }
    }

    fn define(&self, before: &ServiceType, change: ServiceChange, at: DateTime<Utc>) -> Change {
        let service = before.with(change)?;
        let is_called_so = |one: &ServiceType| {
            one.service_type_id != service.service_type_id
                && one.name.to_lowercase() == service.name.to_lowercase()
        };
        if self.services.iter().any(is_called_so) {
            return Err(PriceBookError::NameTaken);
        }
        let is_same = self.service(service.service_type_id) == Some(&service);
        Ok(if is_same { Vec::new() } else { vec![PriceBookEvent::ServiceDefined { service, at }] })
    }

    fn add_to_service(
        &self,
        service: ServiceTypeId,
        id: ServiceAddonId,
        new: &ServiceAddonChange,
        at: DateTime<Utc>,
    ) -> Change {
        let service = self.service(service).ok_or(PriceBookError::ServiceNotFound)?;
        let has_room = service.addons.len() < MOST_OF_A_SERVICE;
        fits(self.service_addon(id).is_none(), has_room)?;
        let addon = ServiceAddon::new(id).with(new)?;
        let mut service = service.clone();
        service.addons.push(addon);
        Ok(vec![PriceBookEvent::ServiceDefined { service, at }])
    }

    fn add_addon(&self, id: AddonId, code: String, new: &AddonChange, at: DateTime<Utc>) -> Change {
        fits(self.addon(id).is_none(), self.addons.len() < MOST_ADDONS)?;
        if self.addons.iter().any(|one| one.code == code) {
            return Err(PriceBookError::CodeTaken);
        }
        let addon = Addon::new(id, code).with(new)?;
        Ok(vec![PriceBookEvent::AddonDefined { addon, at }])
    }
}

/// Whether something that is new to the book has room in it.
fn fits(is_new: bool, has_room: bool) -> Result<(), PriceBookError> {
    match (is_new, has_room) {
        (false, _) => Err(PriceBookError::Exists),
        (true, false) => Err(PriceBookError::Full),
        (true, true) => Ok(()),
    }
}

/// The service with each of its add-ons as `kept` has it.
fn service_with(
    before: &ServiceType,
    kept: impl Fn(&ServiceAddon) -> Option<ServiceAddon>,
    at: DateTime<Utc>,
) -> Vec<PriceBookEvent> {
    let addons = before.addons.iter().filter_map(kept).collect();
    let service = ServiceType { addons, ..before.clone() };
    let is_same = service == *before;
    if is_same { Vec::new() } else { vec![PriceBookEvent::ServiceDefined { service, at }] }
}
