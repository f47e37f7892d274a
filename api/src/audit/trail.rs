//! What becomes known about a request while it is handled, for the audit log.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use axum::extract::RawPathParams;
use domain::id::OrgId;
use uuid::Uuid;

use crate::route::Rule;

/// A login that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) org: OrgId,
    pub(crate) id: Uuid,
    pub(crate) role: String,
}

/// Shared by guard, handlers of logins and edge.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    held_to: OnceLock<(Rule, Option<String>)>,
    is_admitted: AtomicBool,
    failed_logins: Mutex<Vec<(Account, &'static str)>>,
}

impl Trail {
    /// The rule the request is held to, and the thing its path names.
    pub(crate) fn held_to(&self, rule: Rule, path: &RawPathParams) {
        // There is one guard before every handler.
        let _ = self.held_to.set((rule, resource(path)));
    }

    /// The guard let it pass.
    pub(crate) fn admit(&self) {
        self.is_admitted.store(true, Ordering::Relaxed);
    }

    /// Somebody did not prove to be one of `accounts`; `is_last` if they may not try again for a while.
    ///
    /// A name that nobody has is nobody's business: it is counted by the metrics and not noted.
    pub(crate) fn failed_login(&self, accounts: impl IntoIterator<Item = Account>, is_last: bool) {
        let mut failed = self.failed_logins.lock().unwrap_or_else(PoisonError::into_inner);
        for account in accounts {
            failed.push((account.clone(), "auth.login_failed"));
            if is_last {
                failed.push((account, "auth.locked_out"));
            }
        }
    }

    pub(super) fn take_failed_logins(&self) -> Vec<(Account, &'static str)> {
        std::mem::take(&mut self.failed_logins.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn rule(&self) -> Option<(Rule, Option<&str>)> {
        self.held_to.get().map(|(rule, resource)| (*rule, resource.as_deref()))
    }

    pub(super) fn is_admitted(&self) -> bool {
        self.is_admitted.load(Ordering::Relaxed)
    }
}

/// The first id in a path. Anything else that a client may have written there, an address for example, is not kept.
fn resource(path: &RawPathParams) -> Option<String> {
    let short = |text: &str| text.len() <= 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    let found = path.iter().map(|(_, value)| value);
    let mut found =
        found.filter(|value| !value.is_empty() && (value.parse::<Uuid>().is_ok() || short(value)));
    found.next().map(str::to_owned)
}
