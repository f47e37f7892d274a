//! A log read over HTTP, by somebody who has a login and nothing else.

use std::time::Duration;

use anyhow::{Context as _, bail};
use domain::id::OrgId;
use projections::history::checkpoint::{Checkpoint, PublicKey};
use projections::history::export::Line;
use projections::history::log::Head;
use projections::history::verify::{Report, Verifier, Witnesses};
use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

/// The largest pages that the API gives.
const EVENTS: usize = 500;
const CHECKPOINTS: usize = 200;

/// For one page.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Deserialize)]
struct EventsPage {
    org_id: OrgId,
    head: i64,
    items: Vec<Line>,
}

#[derive(Deserialize)]
struct CheckpointsPage {
    items: Vec<Checkpoint>,
    next_cursor: Option<i64>,
}

/// The API of an installation.
pub(super) struct Remote<'a> {
    client: Client,
    base: Url,
    user: &'a str,
    password: &'a str,
}

impl<'a> Remote<'a> {
    pub(super) fn new(
        url: &str,
        user: &'a str,
        password: Option<&'a SecretString>,
    ) -> anyhow::Result<Self> {
        let base = Url::parse(url).context("--url is not an address")?;
        if !["http", "https"].contains(&base.scheme()) {
            bail!("--url must begin with http:// or https://");
        }
        let client = Client::builder().timeout(PATIENCE).build()?;
        let password = password.map(ExposeSecret::expose_secret).unwrap_or_default();
        Ok(Self { client, base, user, password })
    }

    async fn page<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> anyhow::Result<T> {
        let url = self.base.join(path)?;
        let request = self.client.get(url).basic_auth(self.user, Some(self.password)).query(query);
        let answer = request.send().await.context("the API cannot be reached")?;
        if !answer.status().is_success() {
            bail!("the API answered {} to {path}", answer.status());
        }
        answer.json().await.with_context(|| format!("the answer to {path} is not understood"))
    }

    async fn checkpoints(&self) -> anyhow::Result<Vec<Checkpoint>> {
        let mut all = Vec::new();
        let mut cursor: Option<i64> = None;
        loop {
            let mut query = vec![("limit", CHECKPOINTS.to_string())];
            query.extend(cursor.map(|cursor| ("cursor", cursor.to_string())));
            let page: CheckpointsPage = self.page("/v1/admin/history/checkpoints", &query).await?;
            all.extend(page.items);
            // A cursor that does not go down would lead round in circles.
            match page.next_cursor {
                Some(next) if cursor.is_none_or(|cursor| next < cursor) => cursor = Some(next),
                Some(_) | None => return Ok(all),
            }
        }
    }

    async fn events(&self, after: i64) -> anyhow::Result<EventsPage> {
        let query = [("after", after.to_string()), ("limit", EVENTS.to_string())];
        self.page("/v1/admin/events", &query).await
    }

    /// Verifies the log of the organisation that the login belongs to.
    pub(super) async fn verify(
        &self,
        trusted: &[PublicKey],
        kept: &[Checkpoint],
        mut progress: impl FnMut(i64, i64),
    ) -> anyhow::Result<Report> {
        let published = self.checkpoints().await?;
        let mut page = self.events(0).await?;
        // What is appended meanwhile is left for the next time.
        let (org, head) = (page.org_id, page.head);
        let mut witnesses = Witnesses::none(org);
        for checkpoint in published.iter().chain(kept) {
            witnesses.add_checkpoint(checkpoint, trusted);
        }
        let mut verifier = Verifier::new(org, witnesses);
        let mut last = 0;
        loop {
            let before = last;
            for line in page.items {
                if line.position > head {
                    break;
                }
                last = last.max(line.position);
                let event = line.into_recorded(org).context("an event has no valid time")?;
                verifier.next(&event);
            }
            progress(last, head);
            if last == before || last >= head {
                break;
            }
            page = self.events(last).await?;
        }
        // The API tells where the log ends but not with which hash, so a longer head is all that can be held against it.
        let cut = (last < head).then_some(Head { position: head, hash: [0; 32], last: None });
        Ok(verifier.finish(cut))
    }
}
