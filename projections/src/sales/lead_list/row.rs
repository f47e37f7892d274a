//! One line of the list of leads, and how each event changes it.

use chrono::{DateTime, Utc};
use domain::id::{LeadId, SubjectId};
use domain::personal::{PLACEHOLDER, Personal};
use domain::recorded::Recorded;
use domain::sales::lead::{Attribution, Contact, LeadEvent, Status, Submitted};

/// A row of `lead_list`. `Debug` shows nothing of the person.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) lead_id: LeadId,
    pub(super) subject: SubjectId,
    pub(super) status: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) name: String,
    pub(super) email: Option<String>,
    pub(super) phone: String,
    pub(super) postal_code: Option<String>,
    pub(super) preferred_dates: Vec<String>,
    pub(super) notes: Option<String>,
    pub(super) notes_changed: bool,
    pub(super) loss_reason: Option<String>,
    pub(super) source: Option<String>,
    pub(super) campaign: Option<String>,
    pub(super) keyword: Option<String>,
    pub(super) landing_page: Option<String>,
    pub(super) referrer: Option<String>,
    pub(super) referral_code: String,
    pub(super) referred_by_code: Option<String>,
    pub(super) referral_credits: i32,
    pub(super) version: i32,
    pub(super) position: i64,
}

impl Row {
    /// The row of a lead that was just submitted.
    pub(super) fn submitted(submitted: Submitted, event: &Recorded) -> Self {
        let subject = submitted.contact.subject();
        let mut row = Self {
            lead_id: submitted.lead_id,
            subject,
            status: Status::New.to_string(),
            created_at: submitted.at,
            updated_at: submitted.at,
            name: String::new(),
            email: None,
            phone: String::new(),
            postal_code: None,
            preferred_dates: Vec::new(),
            notes: None,
            notes_changed: false,
            loss_reason: None,
            source: None,
            campaign: None,
            keyword: None,
            landing_page: None,
            referrer: None,
            referral_code: submitted.referral_code,
            referred_by_code: submitted.referred_by_code,
            referral_credits: 0,
            version: event.sequence,
            position: event.position,
        };
        match (submitted.contact, submitted.attribution) {
            (Personal::Open { value: contact, .. }, Personal::Open { value: attribution, .. }) => {
                row.reached_by(contact);
                row.sent_by(attribution);
            }
            _ => row.wipe(),
        }
        row
    }

    fn sent_by(&mut self, attribution: Attribution) {
        self.source = attribution.source;
        self.campaign = attribution.campaign;
        self.keyword = attribution.keyword;
        self.landing_page = attribution.landing_page;
        self.referrer = attribution.referrer;
    }

    fn reached_by(&mut self, contact: Contact) {
        self.name = contact.name;
        self.email = contact.email;
        self.phone = contact.phone;
        self.postal_code = contact.postal_code;
        self.preferred_dates = contact.preferred_dates;
        self.notes = contact.notes.filter(|notes| !notes.is_empty());
    }

    /// What `happened` makes of the row.
    pub(super) fn apply(&mut self, happened: LeadEvent, event: &Recorded) {
        self.version = event.sequence;
        self.position = event.position;
        self.updated_at = match happened {
            LeadEvent::Submitted(again) => again.at,
            LeadEvent::Contacted { at } => self.moved(Status::Contacted, at),
            LeadEvent::Quoted { at, .. } => self.moved(Status::Quoted, at),
            LeadEvent::Won { at, .. } => self.moved(Status::Won, at),
            LeadEvent::Lost { reason, at } => {
                self.loss_reason = Some(shown(reason));
                self.moved(Status::Lost, at)
            }
            LeadEvent::LossReasonChanged { reason, at } => {
                self.loss_reason = Some(shown(reason));
                at
            }
            LeadEvent::NotesChanged { notes, at } => {
                self.notes = Some(shown(notes)).filter(|notes| !notes.is_empty());
                self.notes_changed = true;
                at
            }
            LeadEvent::TimelineEntryAdded { at, .. }
            | LeadEvent::QuoteDrafted { at, .. }
            | LeadEvent::QuoteRevised { at, .. }
            | LeadEvent::QuoteSent { at, .. }
            | LeadEvent::QuoteAccepted { at, .. }
            | LeadEvent::QuoteDeclined { at, .. }
            | LeadEvent::QuoteExpired { at, .. }
            | LeadEvent::QuoteFollowedUp { at, .. } => at,
        };
    }

    fn moved(&mut self, to: Status, at: DateTime<Utc>) -> DateTime<Utc> {
        self.status = to.to_string();
        at
    }

    /// Forgets the person. Leaves exactly what a fold without their key makes, so that a rebuild finds the same.
    pub(super) fn wipe(&mut self) {
        PLACEHOLDER.clone_into(&mut self.name);
        PLACEHOLDER.clone_into(&mut self.phone);
        self.email = None;
        self.postal_code = None;
        self.preferred_dates = vec![PLACEHOLDER.to_owned()];
        self.notes = self.notes_changed.then(|| PLACEHOLDER.to_owned());
        self.loss_reason = self.loss_reason.take().map(|_| PLACEHOLDER.to_owned());
        self.sent_by(Attribution::default());
    }

    /// What a search looks through: name, e-mail, phone and id, in lower case.
    pub(super) fn search(&self) -> String {
        let email = self.email.as_deref().unwrap_or_default();
        format!("{}\n{email}\n{}\n{}", self.name, self.phone, self.lead_id).to_lowercase()
    }
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Row({} at {})", self.lead_id, self.position)
    }
}

fn shown(text: Personal<String>) -> String {
    match text {
        Personal::Open { value, .. } => value,
        Personal::Sealed { .. } | Personal::Erased { .. } => PLACEHOLDER.to_owned(),
    }
}
