//! Links into the portal of clients: made, kept sealed until they are used, and sent by whoever delivers mail.

use chrono::{DateTime, TimeDelta, Utc};
use commands::{Beside, CommandBus, CommandError, Context, Done, LoadError};
use domain::customers::client::{Client, ClientError};
use domain::id::{ClientId, PortalSessionId};
use domain::identity::portal::{Link, PortalSession, PortalSessionCommand, PortalSessionError};
use domain::personal::Personal;
use domain::seal::{MasterKeys, SealError, seal_all};
use projections::{subject_keys, tenant};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::super::sessions::{hash, hex, random_token};

/// Makes links.
#[derive(Clone)]
pub struct Links {
    /// Where they are facts.
    pub bus: CommandBus,
    /// Where the keys of people are.
    pub db: PgPool,
    /// Open those.
    pub keys: MasterKeys,
}

impl std::fmt::Debug for Links {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Links")
    }
}

/// A link that is to be made.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The login it begins.
    pub session: PortalSessionId,
    /// For whom.
    pub client: ClientId,
    /// Where it leads, without a path.
    pub portal: String,
    /// The time.
    pub now: DateTime<Utc>,
    /// How long it works.
    pub life: TimeDelta,
}

/// A link that was made.
#[derive(Debug)]
pub struct Made {
    /// What was said about it.
    pub done: Done,
    /// The secret in it.
    pub token: String,
}

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The client may not sign in, or there is none.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The client was erased.
    #[error("the client was erased")]
    Erased,
    /// The client cannot be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The login cannot be begun.
    #[error(transparent)]
    Command(#[from] CommandError<PortalSessionError>),
    /// The database failed.
    #[error("database error")]
    Database(#[from] sqlx::Error),
    /// What the mail needs cannot be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl Links {
    /// Makes a link; its mail follows from the event.
    ///
    /// The token is kept as a digest, and for the mail under the key of the client, both beside the event.
    pub async fn issue(&self, mut context: Context, wanted: Wanted) -> Result<Made, LinkError> {
        let Wanted { session, client, portal, now, life } = wanted;
        let found = self.bus.load::<Client>(context.org, &client.to_string()).await?;
        let contact = found.state.may_sign_in()?.contact.open().ok_or(LinkError::Erased)?;
        let token = random_token();
        let mail = json!({ "name": contact.name, "email": contact.email, "token": token });
        let sealed = self.seal(&context, client, mail).await?;
        let expires_at = now + life;
        context.beside.push(Beside(json!({
            "do": "portal.put_link", "session_id": session, "client_id": client,
            "token_hash": hex(&hash(&token)), "sealed": sealed, "expires_at": expires_at, "at": now,
        })));
        let command =
            PortalSessionCommand::IssueLink(Link { client_id: client, expires_at, portal });
        let answer = |login: &PortalSession| match login {
            PortalSession::Invited { client_id, expires_at } => json!({
                "session_id": session, "client_id": client_id, "state": "link_sent",
                "expires_at": expires_at,
            }),
            PortalSession::Absent | PortalSession::Open | PortalSession::Ended => Value::Null,
        };
        let done = self.bus.create(&context, &session.to_string(), command, answer).await?;
        Ok(Made { done, token })
    }

    async fn seal(
        &self,
        context: &Context,
        client: ClientId,
        mail: Value,
    ) -> Result<Value, LinkError> {
        let mut tx = tenant::begin(&self.db, context.org).await?;
        let subject = client.into();
        let keys = subject_keys::load(&mut tx, &self.keys, context.org, &[subject]).await?;
        drop(tx);
        if !keys.contains_key(&subject) {
            return Err(LinkError::Erased);
        }
        let mut sealed = json!(Personal::of(subject, mail));
        seal_all(&mut sealed, &keys, &mut rand::random)?;
        Ok(sealed)
    }
}
