//! What follows from events: outside actions to ask for, and timers to set.
//!
//! Pure rules, one function each; who carries them out is nobody's business here. Asking twice must be harmless, so
//! every intent has a key that is the same each time.

use chrono::{DateTime, NaiveDate, Utc};
use cqrs_es::Aggregate;
use serde_json::{Value, json};

mod booking;
mod client;
mod dispatch;
mod dispute;
mod invoice;
mod office;
mod payment;
mod photo;
mod subject;
mod subscription;
mod visit;
mod worker;

pub use self::booking::booking_intents;
pub use self::client::client_intents;
pub use self::dispatch::{DISPATCH_NOTICE, notice_intents};
pub use self::dispute::dispute_intents;
pub use self::invoice::{INVOICE_LETTER, RECEIPT, invoice_intents};
pub use self::office::{Matter, OFFICE_NOTICE};
pub use self::payment::{PAYMENT_FAILED, STRIPE_REFUND, payment_intents};
pub use self::photo::{PHOTO_FORGET, PHOTO_PURGE, photo_intents};
pub use self::subject::subject_intents;
pub use self::subscription::{AHEAD as VISITS_AHEAD, VISIT_PLANNED, subscription_intents};
pub use self::visit::{
    BOOKING_CANCELLED, BOOKING_COMPLETED, BOOKING_CONFIRMED, BOOKING_EXPIRED, BOOKING_MOVED,
    BOOKING_PENDING, BOOKING_REMINDER, CREW_NOTICE, CrewNews,
};
pub use self::worker::{CREW_CLEAR, worker_intents};
use crate::id::{
    BreakGlassId, CertificateId, ClientId, DisputeId, LeadId, PortalSessionId, QuoteId, RefundId,
};
use crate::identity::break_glass::BreakGlassEvent;
use crate::identity::portal::PortalSessionEvent;
use crate::invoicing::invoice::status::Letter;
use crate::people::worker::TeamNumber;
use crate::sales::lead::{Lead, LeadEvent};
use crate::subject::ErasureReason;

/// The kind of the mail that tells people their request has arrived.
pub const REQUEST_RECEIVED: &str = "email.request_received";

/// The kind of the mail that brings a client the link to their portal.
pub const PORTAL_LINK: &str = "email.portal_link";

/// The kind of the mail that tells whoever watches over the installation that somebody may write although it is read-only.
pub const BREAK_GLASS_STARTED: &str = "email.break_glass_started";

/// Something that is to be done because of an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Intent {
    /// An action outside, once for all times.
    Effect {
        /// What sort of action.
        kind: &'static str,
        /// The same for the same action.
        dedupe_key: String,
        /// What it needs; personal values stay sealed.
        payload: Value,
    },
    /// A command to an aggregate at an instant; replaces an earlier timer of that key.
    SetTimer {
        /// The same for the same timer.
        key: String,
        /// When.
        fires_at: DateTime<Utc>,
        /// To what kind of aggregate.
        aggregate_type: &'static str,
        /// To which.
        aggregate_id: String,
        /// What.
        command: TimerCommand,
    },
    /// That timer is no longer needed.
    CancelTimer {
        /// As in `SetTimer`.
        key: String,
    },
}

/// A command that a timer gives, as it is stored until then.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TimerCommand {
    /// See [`crate::sales::lead::LeadCommand::ExpireQuote`].
    ExpireQuote {
        /// Which.
        quote_id: QuoteId,
    },
    /// See [`crate::scheduling::booking::DepositStep::Expire`].
    ExpireDeposit,
    /// See [`crate::scheduling::booking::BookingCommand::Remind`].
    RemindOfVisit {
        /// When it starts.
        starts_at: DateTime<Utc>,
    },
    /// See [`crate::scheduling::booking::BookingCommand::NoteNoShow`].
    NoteNoShow {
        /// When it was to start.
        starts_at: DateTime<Utc>,
    },
    /// Write an invoice about what cancelling a visit costs.
    ChargeFees,
    /// Let the visit of a subscription on a day become a booking, or be skipped.
    BookVisit {
        /// Its local date.
        date: NaiveDate,
    },
    /// See [`crate::people::worker::WorkerCommand::ExpireCertificate`].
    ExpireCertificate {
        /// Which.
        cert_id: CertificateId,
    },
    /// See [`crate::people::worker::WorkerCommand::TransferDue`].
    TransferWorker {
        /// With whom they go out then.
        to: TeamNumber,
        /// From which day on.
        effective: NaiveDate,
    },
    /// Let the lead of a visit that was promised be won.
    WinLead,
    /// Let the subscriptions of a client rest, if they are blocked.
    PauseSubscriptions,
    /// See [`crate::customers::client::ClientCommand::Absorb`].
    AbsorbClient {
        /// Who went.
        other: ClientId,
    },
    /// Forget whoever was merged into somebody who was forgotten.
    EraseMerged {
        /// Why.
        reason: ErasureReason,
    },
    /// See [`crate::scheduling::booking::BookingCommand::FixBaseCharge`].
    FixBaseCharge {
        /// How much.
        amount_cents: i64,
    },
    /// See [`crate::invoicing::invoice::InvoiceCommand::MarkOverdue`].
    MarkInvoiceOverdue,
    /// Write to whoever has not paid an invoice in time.
    RemindOverdue {
        /// How.
        letter: Letter,
    },
    /// Carry a payment to what it is for.
    SettlePayment,
    /// Send back of the deposit of a visit what its terms say.
    RefundDeposit,
    /// Let what was paid for a visit in advance count for its invoice.
    CreditDeposits,
    /// See [`crate::scheduling::booking::DepositStep::Refunded`].
    NoteDepositRefund {
        /// Of which payment.
        payment_id: String,
        /// Told apart by this.
        refund_id: RefundId,
        /// How much.
        amount_cents: i64,
    },
    /// Send back of a payment what was decided.
    RefundDisputed {
        /// Where.
        dispute: DisputeId,
        /// How much.
        amount_cents: i64,
    },
    /// Credit of an invoice what was decided.
    CreditDisputed {
        /// Where.
        dispute: DisputeId,
        /// How much.
        amount_cents: i64,
    },
}

/// Everything that follows from what happened to a lead.
pub fn lead_intents(lead: LeadId, event: &LeadEvent) -> Vec<Intent> {
    let told = [acknowledge_request(event), follow_quote_expiry(lead, event), expensive(event)];
    told.into_iter().flatten().collect()
}

/// Everything that follows from what happened to a login at a portal: a link that was made is sent.
pub fn portal_intents(session: PortalSessionId, event: &PortalSessionEvent) -> Vec<Intent> {
    match event {
        PortalSessionEvent::LinkIssued(link) => vec![Intent::Effect {
            kind: PORTAL_LINK,
            dedupe_key: format!("{PORTAL_LINK}:{session}"),
            // The link itself stands in a side table, sealed, for as long as it can be used.
            payload: json!({
                "session_id": session, "client_id": link.client_id, "portal": link.portal,
                "expires_at": link.expires_at,
            }),
        }],
        PortalSessionEvent::LinkRedeemed
        | PortalSessionEvent::Opened { .. }
        | PortalSessionEvent::Revoked { .. } => Vec::new(),
    }
}

/// Everything that follows from a break-glass session: that it began is told.
pub fn break_glass_intents(session: BreakGlassId, event: &BreakGlassEvent) -> Vec<Intent> {
    match event {
        BreakGlassEvent::Started(started) => vec![Intent::Effect {
            kind: BREAK_GLASS_STARTED,
            dedupe_key: format!("{BREAK_GLASS_STARTED}:{session}"),
            payload: json!(started),
        }],
        BreakGlassEvent::Used { .. } | BreakGlassEvent::Ended { .. } => Vec::new(),
    }
}

/// Who asks is told that the request has arrived.
fn acknowledge_request(event: &LeadEvent) -> Option<Intent> {
    match event {
        LeadEvent::Submitted(submitted) => Some(Intent::Effect {
            kind: REQUEST_RECEIVED,
            dedupe_key: format!("{REQUEST_RECEIVED}:{}", submitted.lead_id),
            payload: json!({ "lead_id": submitted.lead_id, "contact": submitted.contact }),
        }),
        LeadEvent::Contacted { .. }
        | LeadEvent::Quoted { .. }
        | LeadEvent::Won { .. }
        | LeadEvent::Lost { .. }
        | LeadEvent::LossReasonChanged { .. }
        | LeadEvent::NotesChanged { .. }
        | LeadEvent::TimelineEntryAdded { .. }
        | LeadEvent::QuoteDrafted { .. }
        | LeadEvent::QuoteRevised { .. }
        | LeadEvent::QuoteSent { .. }
        | LeadEvent::QuoteAccepted { .. }
        | LeadEvent::QuoteDeclined { .. }
        | LeadEvent::QuoteExpired { .. }
        | LeadEvent::QuoteFollowedUp { .. } => None,
    }
}

/// Whoever asks for much is worth a call.
fn expensive(event: &LeadEvent) -> Option<Intent> {
    match event {
        LeadEvent::Submitted(submitted) if submitted.high_value => {
            let lead = submitted.lead_id.to_string();
            Some(office::told(Matter::HighValueLead, &lead, &lead))
        }
        _ => None,
    }
}

/// An offer that was made runs out at its instant, unless it is answered before; a revised offer at its new one.
fn follow_quote_expiry(lead: LeadId, event: &LeadEvent) -> Option<Intent> {
    let key = |quote_id: &QuoteId| format!("quote_expiry:{quote_id}");
    match event {
        LeadEvent::QuoteSent { quote_id, terms, .. }
        | LeadEvent::QuoteRevised { quote_id, terms, .. } => Some(match terms.expires_at {
            Some(fires_at) => Intent::SetTimer {
                key: key(quote_id),
                fires_at,
                aggregate_type: Lead::TYPE,
                aggregate_id: lead.to_string(),
                command: TimerCommand::ExpireQuote { quote_id: *quote_id },
            },
            None => Intent::CancelTimer { key: key(quote_id) },
        }),
        LeadEvent::QuoteAccepted { quote_id, .. }
        | LeadEvent::QuoteDeclined { quote_id, .. }
        | LeadEvent::QuoteExpired { quote_id, .. } => {
            Some(Intent::CancelTimer { key: key(quote_id) })
        }
        LeadEvent::Submitted(_)
        | LeadEvent::Contacted { .. }
        | LeadEvent::Quoted { .. }
        | LeadEvent::Won { .. }
        | LeadEvent::Lost { .. }
        | LeadEvent::LossReasonChanged { .. }
        | LeadEvent::NotesChanged { .. }
        | LeadEvent::TimelineEntryAdded { .. }
        | LeadEvent::QuoteDrafted { .. }
        | LeadEvent::QuoteFollowedUp { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::*;
    use crate::identity::break_glass::BreakGlassStarted;
    use crate::identity::portal::Link;
    use crate::sales::lead::QuoteTerms;

    fn terms(expires_at: Option<DateTime<Utc>>) -> QuoteTerms {
        QuoteTerms {
            amount_cents: 100,
            currency: "CAD".to_owned(),
            service_type: None,
            expires_at,
            metadata: None,
            price_book: None,
        }
    }

    fn follows(event: &LeadEvent) -> Vec<Intent> {
        lead_intents(Uuid::from_u128(1).into(), event)
    }

    #[test]
    fn an_offer_that_was_made_runs_out_at_its_instant() {
        let (quote_id, at) = (QuoteId::from(Uuid::from_u128(2)), DateTime::UNIX_EPOCH);
        let sent = LeadEvent::QuoteSent { quote_id, terms: terms(Some(at)), at };
        let timer = Intent::SetTimer {
            key: format!("quote_expiry:{quote_id}"),
            fires_at: at,
            aggregate_type: "lead",
            aggregate_id: Uuid::from_u128(1).to_string(),
            command: TimerCommand::ExpireQuote { quote_id },
        };
        assert_eq!(follows(&sent), [timer]);
    }

    #[test]
    fn revising_moves_the_timer_under_the_same_key_and_an_answer_cancels_it() {
        let (quote_id, at) = (QuoteId::from(Uuid::from_u128(2)), DateTime::UNIX_EPOCH);
        let later = at + TimeDelta::days(3);
        let key = format!("quote_expiry:{quote_id}");
        let revised = LeadEvent::QuoteRevised { quote_id, terms: terms(Some(later)), at };
        let moved = follows(&revised);
        assert!(matches!(&moved[..], [Intent::SetTimer { key: k, fires_at, .. }]
            if *k == key && *fires_at == later));
        let for_ever = LeadEvent::QuoteRevised { quote_id, terms: terms(None), at };
        let accepted = LeadEvent::QuoteAccepted { quote_id, terms: terms(Some(at)), at };
        let declined = LeadEvent::QuoteDeclined { quote_id, at };
        for event in [for_ever, accepted, declined] {
            assert_eq!(follows(&event), [Intent::CancelTimer { key: key.clone() }]);
        }
    }

    #[test]
    fn a_link_is_sent_once_and_its_mail_says_nothing_of_the_token() {
        let (session, expires_at) = (Uuid::from_u128(3).into(), DateTime::UNIX_EPOCH);
        let link = Link {
            client_id: Uuid::from_u128(4).into(),
            expires_at,
            portal: "https://portal.example.org".to_owned(),
        };
        let sent = portal_intents(session, &PortalSessionEvent::LinkIssued(link));
        let [Intent::Effect { kind, dedupe_key, payload }] = &sent[..] else { panic!("{sent:?}") };
        assert_eq!((*kind, dedupe_key), (PORTAL_LINK, &format!("{PORTAL_LINK}:{session}")));
        let mut names: Vec<&String> = payload.as_object().unwrap().keys().collect();
        names.sort_unstable();
        assert_eq!(names, ["client_id", "expires_at", "portal", "session_id"]);
        let revoked = PortalSessionEvent::Revoked { reason: "logout".to_owned() };
        for event in [PortalSessionEvent::LinkRedeemed, revoked] {
            assert_eq!(portal_intents(session, &event), []);
        }
    }

    #[test]
    fn a_break_glass_session_is_told_once_when_it_begins() {
        let session_id = BreakGlassId::from(Uuid::from_u128(5));
        let (reason, expires_at) = ("restore".to_owned(), DateTime::UNIX_EPOCH);
        let started = BreakGlassStarted { session_id, reason, expires_at };
        let told = break_glass_intents(session_id, &BreakGlassEvent::Started(started));
        let [Intent::Effect { kind, payload, .. }] = &told[..] else { panic!("{told:?}") };
        assert_eq!((*kind, &payload["reason"]), (BREAK_GLASS_STARTED, &json!("restore")));
        let used = BreakGlassEvent::Used { action: "lead.update".to_owned() };
        assert_eq!(break_glass_intents(session_id, &used), []);
    }

    #[test]
    fn nothing_follows_from_a_note() {
        let at = DateTime::UNIX_EPOCH;
        assert_eq!(follows(&LeadEvent::Contacted { at }), []);
    }
}
