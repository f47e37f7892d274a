//! Choosing a client on a page about something else.

use serde::Deserialize;

use crate::Site;
use crate::failure::Failure;
use crate::form::Fields;
use crate::leads::id;
use crate::visitor::Staff;

/// Whom it is for.
#[derive(Deserialize)]
pub(crate) struct Client {
    #[serde(rename = "client_id")]
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) is_blocked: bool,
    #[serde(default)]
    addresses: Vec<Address>,
}

#[derive(Deserialize)]
pub(crate) struct Address {
    #[serde(rename = "address_id")]
    pub(crate) id: String,
    pub(crate) label: String,
    #[serde(rename = "address_text")]
    pub(crate) text: String,
    is_active: bool,
}

impl Client {
    pub(crate) fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.addresses.iter().filter(|address| address.is_active)
    }
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Client>,
}

/// How far the choice has come.
pub(crate) struct Choice {
    pub(crate) client: Option<Client>,
    /// Who was found; none before anybody was looked for.
    pub(crate) found: Option<Vec<Client>>,
    /// Asking without the right to know would stand in the audit log.
    pub(crate) may_look: bool,
}

impl Choice {
    /// Whoever `fields` name, else those who fit the words in it.
    pub(crate) async fn of(site: &Site, staff: &Staff, fields: &Fields) -> Result<Self, Failure> {
        let may_look = staff.session.may(&["contacts.view"]);
        let (mut client, mut found) = (None, None);
        if may_look && let Some(chosen) = fields.filled("client_id") {
            let path = ["v1", "admin", "clients", id(chosen)?];
            client = Some(site.api.query(staff, &path, &[]).await?.read()?);
        } else if may_look && let Some(words) = fields.filled("q") {
            let asked = [("q", words), ("limit", "20")];
            let reply = site.api.query(staff, &["v1", "admin", "clients"], &asked).await?;
            found = Some(reply.read::<Page>()?.items);
        }
        Ok(Self { client, found, may_look })
    }
}
