//! Samples of everything that happens to bookings, teams, time off, subscriptions and work.

use chrono::{NaiveDate, NaiveTime};
use domain::scheduling::booking::addons::AddonLine;
use domain::scheduling::booking::reason::{Overrun, ReasonCode};
use domain::scheduling::booking::{
    BookingEvent, Confirmation, GivenBack, Origin, Party, Placement, Requested,
};
use domain::scheduling::checklist::Phase;
use domain::scheduling::checklist::run::ChecklistEvent;
use domain::scheduling::checklist::templates::{Item, Template, TemplatesEvent};
use domain::scheduling::photos::{DeletionCause, ImageType, PhotoEvent, ReviewStatus};
use domain::scheduling::search::OpeningHours;
use domain::scheduling::subscription::plan::{Plan, Rhythm};
use domain::scheduling::subscription::{SkipReason, SubscriptionEvent};
use domain::scheduling::team::{Setup, TeamEvent};
use domain::scheduling::terms::cancellation::{CancellationTerms, Notice, Settlement};
use domain::scheduling::terms::deposit::{Basis, DepositTerms, Downgrade};
use domain::scheduling::terms::risk::{Band, Risk};
use domain::scheduling::time_off::{Purpose, Scope, Terms, TimeOffEvent};
use domain::scheduling::window::Window;
use domain::scheduling::work_session::WorkEvent;

use super::{CleaningType, Personal, Uuid, at, sealed};

fn window(hours: i64) -> Window {
    Window::of_minutes(at(hours * 3600), 120)
}

fn placement(hours: i64) -> Placement {
    Placement {
        team: Uuid::from_u128(10).into(),
        window: window(hours),
        buffer_minutes: 30,
        lead_worker: Some(Uuid::from_u128(20).into()),
        crew: vec![Uuid::from_u128(20).into(), Uuid::from_u128(21).into()],
    }
}

fn deposit() -> DepositTerms {
    DepositTerms {
        required: true,
        amount_cents: Some(7_000),
        permille: Some(350),
        reasons: vec!["first_time_client".to_owned(), "service_type_deep".to_owned()],
        basis: Basis::PercentClamped,
        downgraded: None,
        due_at: None,
    }
}

fn cancellation() -> CancellationTerms {
    CancellationTerms {
        rules: vec!["heavy_service".to_owned()],
        free_hours: 72,
        partial_hours: 48,
        partial_percent: 50,
        late_percent: 0,
        late_fee_cents: 0,
    }
}

pub(super) fn booking() -> Vec<BookingEvent> {
    [asked(), placed(), paid(), overridden(), changed()].concat()
}

fn words() -> Personal<String> {
    sealed("d29yZHM")
}

fn risk() -> Risk {
    Risk { score: 20, band: Band::Low, reasons: vec!["new_client".to_owned()] }
}

fn asked() -> Vec<BookingEvent> {
    use BookingEvent as E;

    let requested = Requested {
        booking_id: Uuid::from_u128(1).into(),
        origin: Origin::Public,
        client: Some(Uuid::from_u128(2).into()),
        lead: Some(Uuid::from_u128(3).into()),
        address: Some(Uuid::from_u128(4).into()),
        subscription: Some(Uuid::from_u128(5).into()),
        placement: placement(24),
        service: Some(CleaningType::Deep),
        total_cents: Some(20_000),
        addons_cents: 0,
        price_book: Some("economy/v1".to_owned()),
        decided_by: "price-book/v2".to_owned(),
        place: None,
        first_time: true,
        forced: None,
        block_overridden: Some(words()),
        at: at(0),
    };
    vec![
        E::Requested(Box::new(requested)),
        E::RiskAssessed { risk: risk(), at: at(0) },
        E::DepositDecided { deposit: deposit(), at: at(0) },
        E::CancellationPolicyFixed { cancellation: cancellation(), at: at(0) },
    ]
}

fn placed() -> Vec<BookingEvent> {
    use BookingEvent as E;

    let (placed, before) = (placement(48), placement(24));
    let alone = Placement { lead_worker: None, crew: Vec::new(), ..placed.clone() };
    let settlement = Settlement {
        notice: Notice::Partial,
        refund_percent: 40,
        refund_cents: 2_800,
        fee_cents: 0,
    };
    vec![
        E::Confirmed { cause: Confirmation::Deposit, at: at(1) },
        E::Rescheduled {
            placement: placed.clone(),
            before: before.clone(),
            by: Party::Staff,
            fee_cents: 0,
            decided_by: "price-book/v2".to_owned(),
            forced: Some(words()),
            at: at(2),
        },
        E::TeamAssigned { placement: alone.clone(), before, at: at(3) },
        E::CrewAssigned { placement: placed.clone(), before: alone.clone(), at: at(4) },
        E::CrewCleared { placement: alone, before: placed, at: at(5) },
        E::ReminderDue { starts_at: at(172_800), at: at(6) },
        E::NoShow { starts_at: at(172_800), at: at(174_600) },
        E::Started { worker: Some(Uuid::from_u128(20).into()), at: at(6) },
        E::Completed { actual_minutes: 110, at: at(7) },
        E::Cancelled {
            by: Party::Client,
            reason: Some(words()),
            settlement,
            crew: Vec::new(),
            at: at(8),
        },
        E::Expired { crew: Vec::new(), at: at(9) },
    ]
}

fn paid() -> Vec<BookingEvent> {
    use BookingEvent as E;

    vec![
        E::DepositRequested { checkout_id: "cs_1".to_owned(), at: at(10) },
        E::DepositPaid {
            payment_id: "pi_1".to_owned(),
            amount_cents: 7_000,
            short_cents: 0,
            at: at(11),
        },
        E::DepositReturned(GivenBack {
            payment_id: "manual:ET-77".to_owned(),
            refund_id: Uuid::from_u128(21).into(),
            amount_cents: 2_000,
            left_cents: 5_000,
            short_cents: 2_000,
            due_at: None,
            returned_at: at(11),
            at: at(12),
        }),
        E::DepositRefunded(GivenBack {
            payment_id: "pi_1".to_owned(),
            refund_id: Uuid::from_u128(22).into(),
            amount_cents: 7_000,
            left_cents: 0,
            short_cents: 7_000,
            due_at: None,
            returned_at: at(12),
            at: at(12),
        }),
        E::DepositFailed { at: at(12) },
        E::DepositExpired { at: at(13) },
        E::DepositWaived {
            deposit: deposit().downgraded(Downgrade::StripeUnavailable),
            at: at(14),
        },
    ]
}

fn overridden() -> Vec<BookingEvent> {
    use BookingEvent as E;

    let reasons = vec!["manual_override".to_owned()];
    let deposit_now = DepositTerms::named(3_000);
    let lesser = CancellationTerms { partial_percent: 10, ..cancellation() };
    vec![
        E::RiskOverridden {
            risk: Risk { score: 0, band: Band::Low, reasons },
            before: risk(),
            reason: words(),
            at: at(15),
        },
        E::DepositOverridden {
            deposit: deposit_now,
            before: deposit(),
            reason: words(),
            at: at(16),
        },
        E::CancellationPolicyOverridden {
            cancellation: lesser,
            before: cancellation(),
            reason: words(),
            at: at(17),
        },
        E::CancellationExceptionSet { granted: true, reason: words(), at: at(18) },
    ]
}

fn changed() -> Vec<BookingEvent> {
    use BookingEvent as E;

    let line =
        AddonLine { addon_id: Uuid::from_u128(6), qty: 2, unit_price_cents: 1_000, minutes: 20 };
    let code = ReasonCode::TimeOverrun(Overrun::ParkingDelay);
    vec![
        E::AddonsSet { lines: vec![line], planned_minutes: 160, total_cents: None, at: at(19) },
        E::PhotoConsentSet { consent: true, at: at(20) },
        E::ReasonLogged {
            code,
            note: Some(words()),
            reason_id: Some(Uuid::from_u128(30)),
            by: Some("dispatcher".to_owned()),
            at: at(21),
        },
        E::BaseChargeFixed { amount_cents: 18_000, at: at(22) },
        E::ClientChanged {
            client: Uuid::from_u128(7).into(),
            address: None,
            place: None,
            at: at(23),
        },
        E::AddressChanged { address: Uuid::from_u128(8).into(), place: None, at: at(24) },
        E::Archived { at: at(25) },
        E::Unarchived { at: at(26) },
    ]
}

pub(super) fn team() -> Vec<TeamEvent> {
    let setup = Setup {
        lead: Some(Uuid::from_u128(20).into()),
        zones: vec!["Downtown".to_owned()],
        specializations: vec!["windows".to_owned()],
        calendar_color: Some("#00FF7F".to_owned()),
    };
    let hours = OpeningHours { opens: NaiveTime::MIN, ..OpeningHours::default() };
    let (name, before) = ("Team B".to_owned(), "Team A".to_owned());
    vec![
        TeamEvent::Created {
            team_id: Uuid::from_u128(10).into(),
            number: 1,
            name: before.clone(),
            at: at(0),
        },
        TeamEvent::Renamed { name, before, at: at(1) },
        TeamEvent::Configured { setup, at: at(2) },
        TeamEvent::WorkingHoursSet { weekday: 0, hours, at: at(3) },
        TeamEvent::WorkingHoursCleared { weekday: 0, at: at(4) },
        TeamEvent::Archived { at: at(5) },
        TeamEvent::Reinstated { at: at(6) },
    ]
}

pub(super) fn time_off() -> Vec<TimeOffEvent> {
    let terms = |scope, purpose| Terms {
        scope,
        purpose,
        window: window(24),
        reason: Some("inventory".to_owned()),
    };
    let vacation = terms(Scope::Worker(Uuid::from_u128(20).into()), Purpose::Vacation);
    let holiday = terms(Scope::Org, Purpose::Holiday);
    vec![
        TimeOffEvent::Declared { terms: vacation.clone(), at: at(0) },
        TimeOffEvent::Changed { terms: holiday.clone(), before: vacation, at: at(1) },
        TimeOffEvent::Cancelled { before: holiday, at: at(2) },
    ]
}

pub(super) fn subscription() -> Vec<SubscriptionEvent> {
    use SubscriptionEvent as E;

    let date = |day| NaiveDate::from_ymd_opt(2026, 3, day).unwrap_or_default();
    let plan = Plan {
        frequency: Rhythm::Weekly,
        start_date: date(2),
        preferred_weekday: Some(0),
        preferred_day_of_month: None,
        base_service_type: "standard".to_owned(),
    };
    let monthly = Plan {
        frequency: Rhythm::Monthly,
        preferred_weekday: None,
        preferred_day_of_month: Some(10),
        ..plan.clone()
    };
    vec![
        E::Started {
            subscription_id: Uuid::from_u128(5).into(),
            client: Uuid::from_u128(2).into(),
            plan,
            price_cents: 10_500,
            price_book: Some("economy/v1".to_owned()),
            next_run: date(2),
            at: at(0),
        },
        E::Paused { reason: Some(sealed("d29yZHM")), at: at(1) },
        E::Resumed { next_run: date(9), at: at(2) },
        E::Cancelled { reason: None, at: at(3) },
        E::PlanChanged { plan: monthly, next_run: date(10), at: at(4) },
        E::NextRunMoved { next_run: date(11), at: at(5) },
        E::OccurrenceScheduled {
            date: date(9),
            booking: Uuid::from_u128(1).into(),
            next_run: date(16),
            at: at(6),
        },
        E::OccurrenceSkipped {
            date: date(16),
            reason: SkipReason::SlotTaken,
            next_run: date(23),
            at: at(7),
        },
    ]
}

pub(super) fn work() -> Vec<WorkEvent> {
    let worker = Some(Uuid::from_u128(20).into());
    let overrun = Some(Overrun::ExtraDirt);
    vec![
        WorkEvent::Started {
            booking: Uuid::from_u128(1).into(),
            worker,
            planned_minutes: None,
            at: at(0),
        },
        WorkEvent::Paused { at: at(60) },
        WorkEvent::Resumed { at: at(120) },
        WorkEvent::Finished { total_seconds: 7_200, overrun, at: at(7_260) },
    ]
}

fn template() -> Template {
    Template {
        template_id: Uuid::from_u128(40).into(),
        name: "Usual".to_owned(),
        service_type: Some("deep".to_owned()),
        version: 2,
        is_active: true,
        items: vec![Item { label: "Oven".to_owned(), phase: Phase::After, required: true }],
    }
}

pub(super) fn templates() -> Vec<TemplatesEvent> {
    vec![
        TemplatesEvent::Published { template: template(), at: at(0) },
        TemplatesEvent::Retired { template_id: Uuid::from_u128(40).into(), at: at(1) },
    ]
}

pub(super) fn checklist() -> Vec<ChecklistEvent> {
    let item = Uuid::from_u128(41).into();
    vec![
        ChecklistEvent::Started {
            booking: Uuid::from_u128(1).into(),
            template: template(),
            at: at(0),
        },
        ChecklistEvent::ItemChecked { item, at: at(1) },
        ChecklistEvent::ItemUnchecked { item, at: at(2) },
        ChecklistEvent::ItemNoted { item, note: words(), at: at(3) },
        ChecklistEvent::Completed { at: at(4) },
    ]
}

pub(super) fn photos() -> Vec<PhotoEvent> {
    let photo_id = Uuid::from_u128(42).into();
    let key = || "orders/o/b/f.jpg".to_owned();
    vec![
        PhotoEvent::Uploaded {
            photo_id,
            booking: Uuid::from_u128(1).into(),
            phase: Phase::Before,
            content_type: ImageType::Jpeg,
            size: 2_048,
            sha256: "ab".repeat(32),
            key: key(),
            name: words(),
            by: Uuid::from_u128(20).to_string(),
            worker: Some(Uuid::from_u128(20).into()),
            despite_consent: false,
            at: at(0),
        },
        PhotoEvent::Reviewed {
            photo_id,
            status: ReviewStatus::Rejected,
            comment: Some(words()),
            needs_retake: true,
            by: "owner".to_owned(),
            at: at(1),
        },
        PhotoEvent::Deleted {
            photo_id,
            size: 2_048,
            key: key(),
            cause: DeletionCause::Erased,
            by: "owner".to_owned(),
            at: at(2),
        },
        PhotoEvent::FilePurged { photo_id, at: at(3) },
        PhotoEvent::PurgeFailed { photo_id, attempts: 5, at: at(4) },
    ]
}
