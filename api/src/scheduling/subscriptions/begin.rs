//! `POST /v1/admin/subscriptions`: somebody is visited again and again from now on.
//!
//! What a visit costs is never sent: it is that of a service, of an offer that was accepted, or of an estimate.

use axum::extract::State;
use chrono::NaiveDate;
use chrono_tz::Tz;
use commands::Context;
use domain::customers::client::Details as Client;
use domain::id::{ClientId, LeadId, OrgId, QuoteId, ServiceTypeId};
use domain::pricing::price_book::PriceBookError;
use domain::sales::estimate::{EstimateInput, Frequency};
use domain::sales::lead::{Lead, LeadError, QuoteStatus};
use domain::scheduling::booking::BookingError;
use domain::scheduling::subscription::plan::{Plan, Rhythm};
use domain::scheduling::subscription::{Details, Origin, Subscription, SubscriptionCommand};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{EDIT, scheduling, shown};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::customers::survivor;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(begin_subscription), scheduling(EDIT).action("subscription.create"))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "client_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "frequency": "WEEKLY", "start_date": "2030-03-04", "structured_inputs": { "beds": 2, "baths": 1 } })))]
struct NewSubscription {
    /// Who is visited.
    #[schema(value_type = String)]
    client_id: ClientId,
    /// `WEEKLY`, `BIWEEKLY` or `MONTHLY`.
    #[schema(value_type = String)]
    frequency: Rhythm,
    /// No visit is earlier; on the clock of the organisation, today at the earliest and two years ahead at most.
    start_date: NaiveDate,
    /// 0 is Monday; that of the start if left out. Not of monthly visits.
    preferred_weekday: Option<u8>,
    /// 1 to 31, the last day of shorter months; that of the start if left out. Of monthly visits only.
    preferred_day_of_month: Option<u8>,
    /// Priced as offered; the first of this and the two below that is there decides.
    offer: Option<Offered>,
    /// Priced as this service of the catalogue is.
    #[schema(value_type = Option<String>)]
    service_type_id: Option<ServiceTypeId>,
    /// Priced by an estimate of these; how often is that of the subscription.
    #[schema(value_type = Option<Object>)]
    structured_inputs: Option<Value>,
}

/// An offer that was accepted.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Offered {
    /// To whom.
    #[schema(value_type = String)]
    lead_id: LeadId,
    /// Which.
    #[schema(value_type = String)]
    quote_id: QuoteId,
}

/// What a visit costs, and what is cleaned.
struct Priced {
    service: String,
    cents: i64,
    price_book: Option<String>,
}

/// Let a visit come again and again
#[utoipa::path(
    post,
    path = "/v1/admin/subscriptions",
    tag = "scheduling",
    request_body = NewSubscription,
    responses(
        (status = 201, description = "The subscription; a week before each of its days the visit is booked", content_type = "application/json"),
        (status = 409, description = "`lead.quote_not_accepted`")
    )
)]
async fn begin_subscription(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let NewSubscription {
        client_id,
        frequency,
        start_date,
        preferred_weekday,
        preferred_day_of_month,
        offer,
        service_type_id,
        structured_inputs,
    } = request.body()?;
    let source = match (offer, service_type_id, structured_inputs) {
        (Some(offer), ..) => Source::Offer(offer),
        (None, Some(id), _) => Source::Service(id),
        (None, None, Some(inputs)) => Source::Inputs(inputs),
        (None, None, None) => {
            let missing = "Either this, offer, or structured_inputs";
            return Err(Problem::field("service_type_id", missing));
        }
    };
    let days = (preferred_weekday, preferred_day_of_month);
    let wanted = Wanted { frequency, start_date, days, source };
    let context = request.context(&caller);
    let client = survivor::known(&app, context.org, client_id).await?;
    wanted.begin(&app, &context, &client, shown).await
}

/// A subscription that somebody wishes for.
pub(super) struct Wanted {
    pub(super) frequency: Rhythm,
    pub(super) start_date: NaiveDate,
    /// The weekday, or the day of the month.
    pub(super) days: (Option<u8>, Option<u8>),
    pub(super) source: Source,
}

/// What says what a visit costs. Never whoever wishes for it.
pub(super) enum Source {
    /// An offer that was accepted.
    Offer(Offered),
    /// A service of the catalogue.
    Service(ServiceTypeId),
    /// A service of the catalogue, by its name.
    Named(String),
    /// An estimate of these.
    Inputs(Value),
}

impl Wanted {
    /// Begins it for `client`; `told` says how they are told.
    pub(super) async fn begin(
        self,
        app: &App,
        context: &Context,
        client: &Client,
        told: fn(&Details, Tz) -> Value,
    ) -> Result<Answer, Problem> {
        if client.blocked.is_some() {
            return Err(Problem::refused(&BookingError::ClientBlocked));
        }
        let org = context.org;
        let Priced { service, cents, price_book } = self.priced(app, org).await?;
        let (zone, now) = (app.settings.of(app, org).await?.zone, app.now());
        // The same for a repetition, which must be told of the same subscription.
        let id = context.request.derived_id("subscription");
        let (preferred_weekday, preferred_day_of_month) = self.days;
        let command = SubscriptionCommand::Start(Origin {
            subscription_id: id.into(),
            client: client.client_id,
            plan: Plan {
                frequency: self.frequency,
                start_date: self.start_date,
                preferred_weekday,
                preferred_day_of_month,
                base_service_type: service,
            },
            price_cents: cents,
            price_book,
            today: now.with_timezone(&zone).date_naive(),
            now,
        });
        let answer = |it: &Subscription| it.details().map_or(Value::Null, |it| told(it, zone));
        let done = app.bus.create(context, &id.to_string(), command, answer).await?;
        Ok(Answer::done(&done).created())
    }

    async fn priced(&self, app: &App, org: OrgId) -> Result<Priced, Problem> {
        let holds = app.prices.of(app, org).await?;
        let book = &holds.book;
        let service = match &self.source {
            Source::Offer(offer) => return offered(app, org, *offer).await,
            Source::Inputs(inputs) => {
                let input = EstimateInput::parse(inputs)?;
                book.offers(&input)?;
                let input = EstimateInput { frequency: often(self.frequency), ..input };
                let service: &str = input.cleaning_type.into();
                return Ok(Priced {
                    service: service.to_owned(),
                    cents: holds.prices.estimate(&input).total_cents,
                    price_book: Some(holds.prices.name()),
                });
            }
            Source::Service(id) => book.service(*id),
            Source::Named(name) => {
                let name = name.trim().to_lowercase();
                book.services.iter().find(|one| one.active && one.name.to_lowercase() == name)
            }
        };
        let service = service.filter(|service| service.active);
        let service = service.ok_or_else(|| Problem::refused(&PriceBookError::ServiceNotFound))?;
        Ok(Priced {
            service: service.name.chars().take(100).collect(),
            cents: service.price_cents(service.default_duration_minutes),
            price_book: Some(holds.prices.name()),
        })
    }
}

async fn offered(app: &App, org: OrgId, offer: Offered) -> Result<Priced, Problem> {
    let found = app.bus.load::<Lead>(org, &offer.lead_id.to_string()).await?;
    let lead = found.state.details().ok_or_else(|| Problem::refused(&LeadError::NotFound))?;
    let quote = lead.quote(offer.quote_id);
    let quote = quote.ok_or_else(|| Problem::refused(&LeadError::QuoteNotFound))?;
    if quote.status != QuoteStatus::Accepted {
        return Err(Problem::refused(&LeadError::QuoteNotAccepted));
    }
    let terms = &quote.terms;
    // Not in the words of the offer: they are about the person, and a subscription is not erased with them.
    let service: &str = lead.submitted.structured_inputs.cleaning_type.into();
    Ok(Priced {
        service: service.to_owned(),
        cents: terms.amount_cents,
        price_book: terms.price_book.clone(),
    })
}

const fn often(rhythm: Rhythm) -> Frequency {
    match rhythm {
        Rhythm::Weekly => Frequency::Weekly,
        Rhythm::Biweekly => Frequency::Biweekly,
        Rhythm::Monthly => Frequency::Monthly,
    }
}
