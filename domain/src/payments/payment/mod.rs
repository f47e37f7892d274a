//! A payment by card: a checkout and what comes of it, told by the provider in any order and any number of times.
//!
//! 1. Checkout and payment meet in one stream: whichever id is known leads to it, and no other stream may claim it.
//! 2. Nothing that is told later undoes a success; that it was told is kept.
//! 3. Never more goes back than came in, and each part goes back once.
//! 4. Its currency never changes.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

use crate::event::{EventSourced, Reservation, decides, domain_event};
use crate::id::{BookingId, InvoiceId, RefundId};
use crate::refusal::{Kind, Refusal};
use crate::settings::org::Currency;

/// The scope under which ids of the provider are claimed.
pub const REFERENCES: &str = "payment.reference";

/// What is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Target {
    /// The deposit of a visit.
    Deposit {
        /// Which.
        booking: BookingId,
    },
    /// An invoice.
    Invoice {
        /// Which.
        invoice: InvoiceId,
    },
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PaymentEvent {
    /// A checkout was opened, or the provider told of one.
    Initiated {
        /// The aggregate's own id.
        payment_id: String,
        /// What is paid.
        target: Target,
        /// How much.
        amount_cents: i64,
        /// In what.
        currency: Currency,
        /// When.
        at: DateTime<Utc>,
    },
    /// It goes by one more id of the provider.
    Linked {
        /// `cs_…` or `pi_…`.
        reference: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// The money came in.
    Succeeded {
        /// How much.
        amount_cents: i64,
        /// When it came in.
        received_at: DateTime<Utc>,
        /// When that was written down.
        at: DateTime<Utc>,
    },
    /// It did not, this time.
    Failed {
        /// For what.
        target: Target,
        /// Why, in a word of the provider.
        code: Option<String>,
        /// When.
        at: DateTime<Utc>,
    },
    /// A failure was told after the money came in.
    LateFailureIgnored {
        /// Why, in a word of the provider.
        code: Option<String>,
        /// When.
        at: DateTime<Utc>,
    },
    /// Nobody paid in time.
    Expired {
        /// When.
        at: DateTime<Utc>,
    },
    /// Money is to go back.
    RefundRequested {
        /// Told apart by this.
        refund_id: RefundId,
        /// How much.
        amount_cents: i64,
        /// Why.
        reason: RefundReason,
        /// When.
        at: DateTime<Utc>,
    },
    /// The provider does not send it back: somebody has to.
    RefundRefused {
        /// Which.
        refund_id: RefundId,
        /// When.
        at: DateTime<Utc>,
    },
    /// Money went back.
    Refunded {
        /// How much this time.
        amount_cents: i64,
        /// How much in all.
        total_cents: i64,
        /// When.
        at: DateTime<Utc>,
    },
    /// The customer disputes it at their bank.
    Disputed {
        /// The id of the provider.
        dispute: String,
        /// How much.
        amount_cents: i64,
        /// When.
        at: DateTime<Utc>,
    },
    /// The bank has decided.
    DisputeClosed {
        /// The id of the provider.
        dispute: String,
        /// Whether we keep the money.
        won: bool,
        /// When.
        at: DateTime<Utc>,
    },
}
domain_event!(PaymentEvent, version = "1");

impl PaymentEvent {
    /// When it happened.
    pub const fn at(&self) -> DateTime<Utc> {
        match self {
            Self::Initiated { at, .. }
            | Self::Linked { at, .. }
            | Self::Succeeded { at, .. }
            | Self::Failed { at, .. }
            | Self::LateFailureIgnored { at, .. }
            | Self::Expired { at }
            | Self::RefundRequested { at, .. }
            | Self::RefundRefused { at, .. }
            | Self::Refunded { at, .. }
            | Self::Disputed { at, .. }
            | Self::DisputeClosed { at, .. } => *at,
        }
    }
}

/// Why money goes back.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Display, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RefundReason {
    /// The visit was called off, and the terms say so.
    VisitCancelled,
    /// It was paid after the visit was called off.
    PaidTooLate,
    /// It was paid for an invoice that does not count.
    InvoiceVoid,
    /// Staff decided so.
    Staff,
    /// A dispute was decided so.
    Dispute,
}

/// What became of money that was to go back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundFate {
    /// The provider is asked.
    OnItsWay,
    /// It went back.
    Returned,
    /// The provider does not send it back: somebody has to.
    Refused,
}

/// Where a payment stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Display, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum Status {
    /// Nobody knows yet.
    Pending,
    /// The money came in.
    Succeeded,
    /// It did not.
    Failed,
    /// Nobody paid in time.
    Expired,
}

/// What can be asked.
#[derive(Clone, Debug)]
pub enum PaymentCommand {
    /// Take note of a checkout that was opened.
    Initiate {
        /// What it is for.
        new: New,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Take note of what the provider tells.
    Note {
        /// What it is for, if this is the first that is heard of it.
        new: New,
        /// How it stands.
        fact: Fact,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Let money go back.
    RequestRefund {
        /// Told apart by this.
        refund_id: RefundId,
        /// How much; `None` is all that is left.
        amount_cents: Option<i64>,
        /// Why.
        reason: RefundReason,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// The provider will not.
    RefuseRefund {
        /// Which.
        refund_id: RefundId,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// It went back.
    ConfirmRefund {
        /// Which.
        refund_id: RefundId,
        /// When it is asked.
        now: DateTime<Utc>,
    },
}

/// A payment that is heard of.
#[derive(Clone, Debug)]
pub struct New {
    /// The aggregate's own id.
    pub payment_id: String,
    /// What is paid.
    pub target: Target,
    /// How much.
    pub amount_cents: i64,
    /// In what.
    pub currency: Currency,
    /// The ids by which the provider knows it.
    pub references: Vec<String>,
}

/// How it stands at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The money came in.
    Succeeded {
        /// How much.
        amount_cents: i64,
        /// When.
        received_at: DateTime<Utc>,
    },
    /// It did not.
    Failed {
        /// Why.
        code: Option<String>,
    },
    /// Nobody paid in time.
    Expired,
    /// Of what came in, this went back in all.
    Refunded {
        /// What came in.
        amount_cents: i64,
        /// What went back.
        total_cents: i64,
        /// When it came in, as far as it is known.
        received_at: DateTime<Utc>,
    },
    /// It is disputed.
    Disputed {
        /// The id of the provider.
        dispute: String,
        /// How much.
        amount_cents: i64,
    },
    /// That is over.
    DisputeClosed {
        /// The id of the provider.
        dispute: String,
        /// How much it was about.
        amount_cents: i64,
        /// Whether we keep the money.
        won: bool,
    },
}

/// Why a command is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
pub enum PaymentError {
    /// There is none.
    #[error("there is no such payment")]
    #[strum(serialize = "payment.not_found")]
    NotFound,
    /// It is in another currency.
    #[error("this payment is in another currency")]
    #[strum(serialize = "payment.currency_differs")]
    CurrencyDiffers,
    /// Nothing of it could go back.
    #[error("nothing of this payment can go back")]
    #[strum(serialize = "payment.nothing_to_refund")]
    NothingToRefund,
    /// The bank has it.
    #[error(
        "this payment is disputed at the bank, or was lost there: nothing of it can be paid back"
    )]
    #[strum(serialize = "payment.disputed")]
    Disputed,
    /// More than is left.
    #[error("more than is left of this payment cannot go back")]
    #[strum(serialize = "payment.refund_too_large")]
    RefundTooLarge,
}

impl Refusal for PaymentError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::CurrencyDiffers | Self::NothingToRefund | Self::Disputed => Kind::Conflict,
            Self::RefundTooLarge => Kind::Invalid,
        }
    }

    fn code(&self) -> &'static str {
        self.into()
    }
}

/// A payment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Payment {
    /// Never heard of.
    #[default]
    Absent,
    /// Heard of.
    Known(Box<Details>),
}

/// What is known about a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// The aggregate's own id.
    pub payment_id: String,
    /// What is paid.
    pub target: Target,
    /// What was asked for.
    pub asked_cents: i64,
    /// In what.
    pub currency: Currency,
    /// Where it stands.
    pub status: Status,
    /// The ids by which the provider knows it.
    pub references: Vec<String>,
    /// What came in.
    pub amount_cents: i64,
    /// What went back, each time.
    pub refunds: Vec<(i64, DateTime<Utc>)>,
    /// What is to go back and did not yet.
    pub wanted: Vec<(RefundId, i64)>,
    /// Whatever was ever to go back, and how much each time.
    pub asked: BTreeMap<RefundId, i64>,
    /// What the provider does not send back.
    pub refused: BTreeSet<RefundId>,
    /// Disputes, and how those that are over ended.
    pub disputes: Vec<(String, i64, Option<bool>)>,
    /// When the money came in.
    pub received_at: Option<DateTime<Utc>>,
    /// When it was first heard of.
    pub created_at: DateTime<Utc>,
}

type Decision = Result<Vec<PaymentEvent>, PaymentError>;

impl Payment {
    /// What is known, once heard of.
    pub fn details(&self) -> Option<&Details> {
        match self {
            Self::Absent => None,
            Self::Known(details) => Some(details),
        }
    }

    fn decide(&self, command: PaymentCommand) -> Decision {
        use PaymentCommand as C;
        match (self, command) {
            (_, C::Initiate { new, now }) => self.heard_of(new, now).map(|(events, _)| events),
            (_, C::Note { new, fact, now }) => {
                let (mut events, known) = self.heard_of(new, now)?;
                events.extend(known.note(fact, now));
                Ok(events)
            }
            (Self::Absent, _) => Err(PaymentError::NotFound),
            (Self::Known(it), C::RequestRefund { refund_id, amount_cents, reason, now }) => {
                it.request_refund(refund_id, amount_cents, reason, now)
            }
            (Self::Known(it), C::RefuseRefund { refund_id, now }) => {
                let refused = PaymentEvent::RefundRefused { refund_id, at: now };
                Ok(it.wanted(refund_id).map(|_| refused).into_iter().collect())
            }
            (Self::Known(it), C::ConfirmRefund { refund_id, now }) => {
                let refunded = it.wanted(refund_id).map(|cents| it.refunded(cents, now));
                Ok(refunded.into_iter().collect())
            }
        }
    }

    /// What is new about it, and how it is known afterwards.
    fn heard_of(
        &self,
        new: New,
        at: DateTime<Utc>,
    ) -> Result<(Vec<PaymentEvent>, Details), PaymentError> {
        let New { payment_id, target, amount_cents, currency, references } = new;
        let mut known = self.clone();
        let mut events = Vec::new();
        match self {
            Self::Absent => events.push(PaymentEvent::Initiated {
                payment_id,
                target,
                amount_cents,
                currency,
                at,
            }),
            Self::Known(it) if it.currency != currency => {
                return Err(PaymentError::CurrencyDiffers);
            }
            Self::Known(_) => {}
        }
        let has =
            |reference: &String| self.details().is_some_and(|it| it.references.contains(reference));
        let linked = references.into_iter().filter(|reference| !has(reference));
        events.extend(linked.map(|reference| PaymentEvent::Linked { reference, at }));
        events.iter().cloned().for_each(|event| known.apply(event));
        let known = known.details().cloned().ok_or(PaymentError::NotFound)?;
        Ok((events, known))
    }
}

impl Details {
    /// What went back.
    pub fn refunded_cents(&self) -> i64 {
        self.refunds.iter().map(|(cents, _)| cents).sum()
    }

    /// What of it counts for an invoice, where invoices before told that so much of it went back: what went back by card is taken
    /// off once it counts, and the rest somebody gave back by hand.
    pub fn countable_cents(&self, told_cents: i64) -> i64 {
        self.amount_cents - (told_cents - self.refunded_cents()).max(0)
    }

    /// What is left of it, less what is on its way back.
    pub fn refundable_cents(&self) -> i64 {
        let wanted: i64 = self.wanted.iter().map(|(_, cents)| cents).sum();
        self.amount_cents - self.refunded_cents() - wanted
    }

    /// The id of the payment at the provider.
    pub fn intent(&self) -> Option<&str> {
        self.references.iter().map(String::as_str).find(|reference| reference.starts_with("pi_"))
    }

    /// Whether the bank has it, or took it.
    pub fn is_at_bank(&self) -> bool {
        self.disputes.iter().any(|(_, _, end)| *end != Some(true))
    }

    /// What of it can go back by the way it came: nothing while the bank has it, or if the bank took it.
    pub fn returnable_cents(&self) -> i64 {
        let has_come = self.status == Status::Succeeded;
        if has_come && !self.is_at_bank() { self.refundable_cents().max(0) } else { 0 }
    }

    /// What became of money that was to go back; `None` if nobody asked.
    pub fn fate(&self, refund: RefundId) -> Option<RefundFate> {
        if self.refused.contains(&refund) {
            return Some(RefundFate::Refused);
        }
        let fate = |asked: RefundId| {
            if self.wanted(asked).is_some() { RefundFate::OnItsWay } else { RefundFate::Returned }
        };
        self.asked.contains_key(&refund).then(|| fate(refund))
    }

    fn wanted(&self, refund: RefundId) -> Option<i64> {
        self.wanted.iter().find(|(id, _)| *id == refund).map(|(_, cents)| *cents)
    }

    fn refunded(&self, cents: i64, at: DateTime<Utc>) -> PaymentEvent {
        let total_cents = self.refunded_cents() + cents;
        PaymentEvent::Refunded { amount_cents: cents, total_cents, at }
    }

    fn note(&self, fact: Fact, at: DateTime<Utc>) -> Vec<PaymentEvent> {
        let has_come = self.status == Status::Succeeded;
        match fact {
            Fact::Succeeded { .. } | Fact::Expired if has_come => Vec::new(),
            Fact::Succeeded { amount_cents, received_at } => {
                vec![PaymentEvent::Succeeded { amount_cents, received_at, at }]
            }
            Fact::Failed { code } if has_come => {
                vec![PaymentEvent::LateFailureIgnored { code, at }]
            }
            Fact::Failed { .. } if self.status == Status::Failed => Vec::new(),
            Fact::Failed { code } => {
                vec![PaymentEvent::Failed { target: self.target, code, at }]
            }
            Fact::Expired if self.status == Status::Expired => Vec::new(),
            Fact::Expired => vec![PaymentEvent::Expired { at }],
            Fact::Refunded { amount_cents, total_cents, received_at } => {
                let mut events = Vec::new();
                // What went back has come in, whoever tells it first.
                if !has_come {
                    events.push(PaymentEvent::Succeeded { amount_cents, received_at, at });
                }
                let came = if has_come { self.amount_cents } else { amount_cents };
                let known = self.refunded_cents();
                let more = total_cents.min(came) - known;
                if more > 0 {
                    events.push(self.refunded(more, at));
                }
                events
            }
            Fact::Disputed { dispute, amount_cents } => {
                let is_known = self.disputes.iter().any(|(id, ..)| *id == dispute);
                let disputed = PaymentEvent::Disputed { dispute, amount_cents, at };
                if is_known { Vec::new() } else { vec![disputed] }
            }
            Fact::DisputeClosed { dispute, amount_cents, won } => {
                let known = self.disputes.iter().find(|(id, ..)| *id == dispute);
                if known.is_some_and(|(_, _, end)| end.is_some()) {
                    return Vec::new();
                }
                let opened = || {
                    let dispute = dispute.clone();
                    PaymentEvent::Disputed { dispute, amount_cents, at }
                };
                // What is over has begun, whoever tells it first.
                let opened = (known.is_none() && amount_cents > 0).then(opened);
                let closed = PaymentEvent::DisputeClosed { dispute, won, at };
                opened.into_iter().chain([closed]).collect()
            }
        }
    }

    fn request_refund(
        &self,
        refund_id: RefundId,
        amount_cents: Option<i64>,
        reason: RefundReason,
        at: DateTime<Utc>,
    ) -> Decision {
        if self.asked.contains_key(&refund_id) {
            return Ok(Vec::new());
        }
        let left = self.refundable_cents();
        if self.status != Status::Succeeded || left <= 0 {
            return Err(PaymentError::NothingToRefund);
        }
        let amount_cents = amount_cents.unwrap_or(left);
        if !(1..=left).contains(&amount_cents) {
            return Err(PaymentError::RefundTooLarge);
        }
        Ok(vec![PaymentEvent::RefundRequested { refund_id, amount_cents, reason, at }])
    }

    fn fold(&mut self, event: PaymentEvent) {
        use PaymentEvent as E;
        match event {
            E::Initiated { .. } | E::LateFailureIgnored { .. } => {}
            E::Linked { reference, .. } => self.references.push(reference),
            E::Succeeded { amount_cents, received_at, .. } => {
                (self.status, self.amount_cents) = (Status::Succeeded, amount_cents);
                self.received_at = Some(received_at);
            }
            E::Failed { .. } => self.status = Status::Failed,
            E::Expired { .. } => self.status = Status::Expired,
            E::RefundRequested { refund_id, amount_cents, .. } => {
                self.wanted.push((refund_id, amount_cents));
                self.asked.insert(refund_id, amount_cents);
            }
            E::RefundRefused { refund_id, .. } => {
                self.wanted.retain(|(id, _)| *id != refund_id);
                self.refused.insert(refund_id);
            }
            E::Refunded { amount_cents, at, .. } => {
                self.refunds.push((amount_cents, at));
                // Whatever went back is what was wanted, as far as that goes.
                let mut rest = amount_cents;
                self.wanted.retain_mut(|(_, cents)| {
                    let part = rest.min(*cents);
                    (rest, *cents) = (rest - part, *cents - part);
                    *cents > 0
                });
            }
            E::Disputed { dispute, amount_cents, .. } => {
                self.disputes.push((dispute, amount_cents, None));
            }
            E::DisputeClosed { dispute, won, .. } => {
                match self.disputes.iter_mut().find(|(id, ..)| *id == dispute) {
                    Some((_, _, end)) => *end = Some(won),
                    None => self.disputes.push((dispute, 0, Some(won))),
                }
            }
        }
    }
}

impl Aggregate for Payment {
    const TYPE: &'static str = "payment";
    type Command = PaymentCommand;
    type Event = PaymentEvent;
    type Error = PaymentError;
    type Services = ();

    decides!();

    fn apply(&mut self, event: Self::Event) {
        match (self, event) {
            (Self::Known(payment), event) => payment.fold(event),
            (
                absent @ Self::Absent,
                PaymentEvent::Initiated { payment_id, target, amount_cents, currency, at },
            ) => {
                *absent = Self::Known(Box::new(Details {
                    payment_id,
                    target,
                    asked_cents: amount_cents,
                    currency,
                    status: Status::Pending,
                    references: Vec::new(),
                    amount_cents: 0,
                    refunds: Vec::new(),
                    wanted: Vec::new(),
                    asked: BTreeMap::new(),
                    refused: BTreeSet::new(),
                    disputes: Vec::new(),
                    received_at: None,
                    created_at: at,
                }));
            }
            // A stream starts with its beginning; reading must not fail on one that does not.
            (Self::Absent, _) => {}
        }
    }
}

impl EventSourced for Payment {
    fn reservations(event: &Self::Event) -> Vec<Reservation> {
        match event {
            PaymentEvent::Linked { reference, .. } => {
                vec![Reservation::Claim { scope: REFERENCES, value: reference.clone() }]
            }
            _ => Vec::new(),
        }
    }
}
