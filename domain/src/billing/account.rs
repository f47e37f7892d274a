//! The account of an organisation with whoever runs the installation: its plan, and whether that counts.
//!
//! 1. An organisation that nobody has decided about has the free plan.
//! 2. A plan counts while the account is active, in a trial or only late with a payment; otherwise the free plan does.
//! 3. A pause keeps the plan and the status for the day it ends.

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantNames};

use super::plan::Plan;
use crate::event::{EventSourced, domain_event};
use crate::refusal::{Kind, Refusal};

/// Longest code of a reason.
const LONGEST: usize = 64;

/// How the account stands.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    IntoStaticStr,
    EnumString,
    VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Status {
    /// Paid, or nothing to pay.
    #[default]
    Active,
    /// Not to be paid yet.
    Trialing,
    /// Late.
    PastDue,
    /// Too late.
    Unpaid,
    /// Given up.
    Canceled,
    /// Begun and never paid.
    Incomplete,
}

/// What can be asked.
#[derive(Clone, Debug)]
pub enum AccountCommand {
    /// Have this plan from now on.
    ChangePlan {
        /// Which.
        plan: Plan,
        /// How the account stands with it.
        status: Status,
    },
    /// Let the plan rest.
    Pause {
        /// Why, as a code.
        reason_code: String,
    },
    /// Go on.
    Resume {
        /// Why, as a code.
        reason_code: String,
    },
}

/// What has happened.
#[derive(
    Clone, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantNames,
)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AccountEvent {
    /// The plan, or how the account stands, became another.
    PlanChanged {
        /// Which.
        plan: Plan,
        /// How the account stands with it.
        status: Status,
    },
    /// The plan rests.
    Paused {
        /// Why.
        reason_code: String,
    },
    /// It goes on.
    Resumed {
        /// Why.
        reason_code: String,
    },
}
domain_event!(AccountEvent, version = "1");

/// Why a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
pub enum AccountError {
    /// The reason is no code.
    #[error("a reason code has 1 to 64 letters, digits, hyphens and underscores")]
    #[strum(serialize = "billing.bad_reason_code")]
    BadReasonCode,
}

impl Refusal for AccountError {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }

    fn code(&self) -> &'static str {
        self.into()
    }
}

/// The account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// What it subscribed to.
    pub plan: Plan,
    /// How it stands.
    pub status: Status,
    /// Why the plan rests, if it does.
    pub paused: Option<String>,
}

impl Account {
    /// The plan that counts.
    pub fn effective_plan(&self) -> Plan {
        let counts = matches!(self.status, Status::Active | Status::Trialing | Status::PastDue);
        if counts && self.paused.is_none() { self.plan } else { Plan::Free }
    }

    fn decide(&self, command: AccountCommand) -> Result<Option<AccountEvent>, AccountError> {
        match command {
            AccountCommand::ChangePlan { plan, status } => {
                let is_new = (plan, status) != (self.plan, self.status);
                Ok(is_new.then_some(AccountEvent::PlanChanged { plan, status }))
            }
            AccountCommand::Pause { reason_code } => {
                let reason_code = code(&reason_code)?;
                Ok(self.paused.is_none().then_some(AccountEvent::Paused { reason_code }))
            }
            AccountCommand::Resume { reason_code } => {
                let reason_code = code(&reason_code)?;
                Ok(self.paused.is_some().then_some(AccountEvent::Resumed { reason_code }))
            }
        }
    }
}

/// In upper case, as it is written everywhere.
fn code(raw: &str) -> Result<String, AccountError> {
    let code = raw.trim().to_ascii_uppercase();
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let fits = (1..=LONGEST).contains(&code.len()) && code.bytes().all(letter);
    if fits { Ok(code) } else { Err(AccountError::BadReasonCode) }
}

impl Aggregate for Account {
    const TYPE: &'static str = "billing";
    type Command = AccountCommand;
    type Event = AccountEvent;
    type Error = AccountError;
    type Services = ();

    async fn handle(
        &mut self,
        command: Self::Command,
        (): &Self::Services,
        sink: &EventSink<Self>,
    ) -> Result<(), Self::Error> {
        if let Some(event) = self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Self::Event) {
        match event {
            AccountEvent::PlanChanged { plan, status } => {
                (self.plan, self.status) = (plan, status);
            }
            AccountEvent::Paused { reason_code } => self.paused = Some(reason_code),
            AccountEvent::Resumed { .. } => self.paused = None,
        }
    }
}

impl EventSourced for Account {}

#[cfg(test)]
mod tests {
    use cqrs_es::test::{AggregateTestExecutor, TestFramework};

    use super::*;

    fn given(events: &[AccountEvent]) -> AggregateTestExecutor<Account> {
        TestFramework::<Account>::with(()).given(events.to_vec())
    }

    fn pro(status: Status) -> AccountEvent {
        AccountEvent::PlanChanged { plan: Plan::Pro, status }
    }

    fn paused() -> AccountEvent {
        AccountEvent::Paused { reason_code: "SEASON".to_owned() }
    }

    fn pause(reason_code: &str) -> AccountCommand {
        AccountCommand::Pause { reason_code: reason_code.to_owned() }
    }

    fn resume(reason_code: &str) -> AccountCommand {
        AccountCommand::Resume { reason_code: reason_code.to_owned() }
    }

    #[test]
    fn a_plan_is_changed_once() {
        let change = AccountCommand::ChangePlan { plan: Plan::Pro, status: Status::Active };
        given(&[]).when(change.clone()).then_expect_events(vec![pro(Status::Active)]);
        given(&[pro(Status::Active)]).when(change.clone()).then_expect_events(vec![]);
        given(&[pro(Status::Unpaid)]).when(change).then_expect_events(vec![pro(Status::Active)]);
        let free = AccountCommand::ChangePlan { plan: Plan::Free, status: Status::Active };
        given(&[]).when(free).then_expect_events(vec![]);
    }

    #[test]
    fn a_pause_is_begun_and_ended_once_each_with_a_code() {
        given(&[]).when(pause(" season ")).then_expect_events(vec![paused()]);
        given(&[paused()]).when(pause("other")).then_expect_events(vec![]);
        let resumed = AccountEvent::Resumed { reason_code: "SPRING".to_owned() };
        given(&[paused()]).when(resume("spring")).then_expect_events(vec![resumed]);
        given(&[]).when(resume("spring")).then_expect_events(vec![]);
        for bad in ["", " ", "because I say so", &"x".repeat(65)] {
            given(&[]).when(pause(bad)).then_expect_error(AccountError::BadReasonCode);
            given(&[paused()]).when(resume(bad)).then_expect_error(AccountError::BadReasonCode);
        }
    }

    #[test]
    fn a_plan_counts_while_the_account_is_in_order_and_not_paused() {
        let plan = |events: &[AccountEvent]| {
            let mut account = Account::default();
            for event in events {
                account.apply(event.clone());
            }
            account.effective_plan()
        };
        assert_eq!(plan(&[]), Plan::Free);
        for (status, effective) in [
            (Status::Active, Plan::Pro),
            (Status::Trialing, Plan::Pro),
            (Status::PastDue, Plan::Pro),
            (Status::Unpaid, Plan::Free),
            (Status::Canceled, Plan::Free),
            (Status::Incomplete, Plan::Free),
        ] {
            assert_eq!(plan(&[pro(status)]), effective, "{status:?}");
        }
        assert_eq!(plan(&[pro(Status::Active), paused()]), Plan::Free);
        let resumed = AccountEvent::Resumed { reason_code: "SPRING".to_owned() };
        assert_eq!(plan(&[pro(Status::Active), paused(), resumed]), Plan::Pro);
    }
}
