//! Freezes what stands in the log: every event of every aggregate must be written and read as its golden file says.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

#[path = "golden/dispatch.rs"]
mod dispatch;
#[path = "golden/finance.rs"]
mod finance;
#[path = "golden/invoicing.rs"]
mod invoicing;
#[path = "golden/pricing.rs"]
mod pricing;
#[path = "golden/scheduling.rs"]
mod scheduling;

use std::collections::BTreeSet;
use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::{Aggregate, DomainEvent};
use domain::access::Role;
use domain::billing::account::{Account, AccountEvent, Status};
use domain::billing::plan::Plan;
use domain::customers::client::{Client, ClientEvent, NoteKind};
use domain::finance::accounting_export::{AccountingExport, AccountingExportEvent};
use domain::finance::budget::{Budget, BudgetEvent};
use domain::finance::cash::{CashEvent, CashSnapshot};
use domain::finance::category::{ExpenseCategory, ExpenseCategoryEvent};
use domain::finance::expense::{Expense, ExpenseEvent};
use domain::finance::instalment::{TaxInstalment, TaxInstalmentEvent};
use domain::finance::period::{AccountingPeriod, PeriodEvent};
use domain::finance::tax_export::{TaxExport, TaxExportEvent};
use domain::id::QuoteId;
use domain::identity::api_token::{ApiToken, ApiTokenEvent, NewApiToken};
use domain::identity::break_glass::{BreakGlass, BreakGlassEvent, BreakGlassStarted};
use domain::identity::portal::{Holder, Link, PortalSession, PortalSessionEvent};
use domain::identity::session::{Session, SessionEvent, Started};
use domain::identity::staff::{CustomRole, Grant, Staff, StaffEvent};
use domain::invoicing::invoice::{Invoice, InvoiceEvent};
use domain::organisation::{
    HaltedProjection, Organisation, OrganisationEvent, ParkedStream, Profile, Pruned,
};
use domain::payments::dispute::{Dispute, DisputeEvent};
use domain::payments::payment::{Payment, PaymentEvent};
use domain::people::worker::file::{CertificateStatus, OnboardingStep, Severity};
use domain::people::worker::{TeamNumber, Worker, WorkerEvent};
use domain::personal::Personal;
use domain::pricing::price_book::{PriceBook, PriceBookEvent};
use domain::sales::estimate::{AddOn, CleaningType, Estimate, EstimateInput, Frequency};
use domain::sales::lead::{
    FollowUp, Lead, LeadEvent, QuoteTerms, Submitted, TimelineEntry, WinCause,
};
use domain::scheduling::booking::{Booking, BookingEvent, Party};
use domain::scheduling::checklist::run::{Checklist, ChecklistEvent};
use domain::scheduling::checklist::templates::{Templates, TemplatesEvent};
use domain::scheduling::dispatch::alert::{AlertEvent, DispatcherAlert};
use domain::scheduling::dispatch::notice::{DispatchNotice, NoticeEvent};
use domain::scheduling::dispatch::pin::{PinEvent, VisitPin};
use domain::scheduling::dispatch::zones::{Zones, ZonesEvent};
use domain::scheduling::photos::{PhotoEvent, PhotoSet};
use domain::scheduling::subscription::{Subscription, SubscriptionEvent};
use domain::scheduling::team::{Team, TeamEvent};
use domain::scheduling::time_off::{TimeOff, TimeOffEvent};
use domain::scheduling::work_session::{WorkEvent, WorkSession};
use domain::seal::{SubjectKeys, open_all};
use domain::settings::holiday::Holiday;
use domain::settings::hours::{BusinessHours, Day};
use domain::settings::org::{
    Currency, Language, Legal, OrgSettings, OrgSettingsEvent, ReferralTrigger,
};
use domain::settings::preferences::{Preferences, PreferencesEvent};
use domain::subject::{Subject, SubjectEvent};
use domain::upcast::upcast;
use serde_json::Value;
use strum::VariantNames;
use uuid::Uuid;

const HOW: &str = "To freeze a new event: cargo test -p domain --test golden -- --ignored\n\
    It never overwrites: a changed event needs a new version and a step in domain::upcast.";

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "tests", "golden"].iter().collect()
}

/// The name of its file and its text, one sample for each event.
fn written<A: Aggregate>(samples: &[A::Event], names: &[&str]) -> Vec<(String, String)> {
    let found: BTreeSet<_> = samples.iter().map(DomainEvent::event_type).collect();
    let expected: BTreeSet<_> = names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(found, expected, "every {} event needs a sample in this test", A::TYPE);
    let file = |event: &A::Event| {
        let name = format!("{}.{}.v{}.json", A::TYPE, event.event_type(), event.event_version());
        let text = serde_json::to_string_pretty(event);
        (name, text.unwrap_or_else(|error| panic!("{error}")) + "\n")
    };
    samples.iter().map(file).collect()
}

fn all() -> Vec<(String, String)> {
    let mut files = written::<Lead>(&lead(), LeadEvent::VARIANTS);
    files.extend(written::<Subject>(&subject(), SubjectEvent::VARIANTS));
    files.extend(written::<Organisation>(&organisation(), OrganisationEvent::VARIANTS));
    files.extend(written::<Staff>(&staff(), StaffEvent::VARIANTS));
    files.extend(written::<Session>(&session(), SessionEvent::VARIANTS));
    files.extend(written::<Booking>(&scheduling::booking(), BookingEvent::VARIANTS));
    files.extend(written::<PriceBook>(&pricing::price_book(), PriceBookEvent::VARIANTS));
    files.extend(written::<Team>(&scheduling::team(), TeamEvent::VARIANTS));
    files.extend(written::<TimeOff>(&scheduling::time_off(), TimeOffEvent::VARIANTS));
    files.extend(written::<Subscription>(&scheduling::subscription(), SubscriptionEvent::VARIANTS));
    files.extend(written::<Templates>(&scheduling::templates(), TemplatesEvent::VARIANTS));
    files.extend(written::<Checklist>(&scheduling::checklist(), ChecklistEvent::VARIANTS));
    files.extend(written::<PhotoSet>(&scheduling::photos(), PhotoEvent::VARIANTS));
    files.extend(written::<WorkSession>(&scheduling::work(), WorkEvent::VARIANTS));
    files.extend(written::<DispatcherAlert>(&dispatch::alert(), AlertEvent::VARIANTS));
    files.extend(written::<DispatchNotice>(&dispatch::notice(), NoticeEvent::VARIANTS));
    files.extend(written::<VisitPin>(&dispatch::pin(), PinEvent::VARIANTS));
    files.extend(written::<Zones>(&dispatch::zones(), ZonesEvent::VARIANTS));
    files.extend(written::<Invoice>(&invoicing::invoice(), InvoiceEvent::VARIANTS));
    files.extend(written::<Dispute>(&invoicing::dispute(), DisputeEvent::VARIANTS));
    files.extend(written::<Payment>(&invoicing::payment(), PaymentEvent::VARIANTS));
    files.extend(written::<Worker>(&worker(), WorkerEvent::VARIANTS));
    files.extend(written::<Client>(&client(), ClientEvent::VARIANTS));
    files.extend(written::<PortalSession>(&portal_session(), PortalSessionEvent::VARIANTS));
    files.extend(written::<OrgSettings>(&settings(), OrgSettingsEvent::VARIANTS));
    files.extend(written::<Preferences>(&preferences(), PreferencesEvent::VARIANTS));
    files.extend(written::<Account>(&account(), AccountEvent::VARIANTS));
    files.extend(written::<ApiToken>(&api_token(), ApiTokenEvent::VARIANTS));
    files.extend(written::<BreakGlass>(&break_glass(), BreakGlassEvent::VARIANTS));
    files.extend(books());
    files
}

fn books() -> Vec<(String, String)> {
    let mut files = written::<Expense>(&finance::expense(), ExpenseEvent::VARIANTS);
    let (category, instalment) = (finance::category(), finance::instalment());
    files.extend(written::<ExpenseCategory>(&category, ExpenseCategoryEvent::VARIANTS));
    files.extend(written::<Budget>(&finance::budget(), BudgetEvent::VARIANTS));
    files.extend(written::<CashSnapshot>(&finance::cash(), CashEvent::VARIANTS));
    files.extend(written::<TaxInstalment>(&instalment, TaxInstalmentEvent::VARIANTS));
    files.extend(written::<AccountingPeriod>(&finance::period(), PeriodEvent::VARIANTS));
    files.extend(written::<TaxExport>(&finance::tax_export(), TaxExportEvent::VARIANTS));
    files.extend(written::<AccountingExport>(
        &finance::accounting_export(),
        AccountingExportEvent::VARIANTS,
    ));
    files
}

#[test]
fn every_event_is_written_as_its_golden_file_says() {
    for (name, text) in all() {
        let Ok(golden) = std::fs::read_to_string(folder().join(&name)) else {
            panic!("tests/golden/{name} is missing.\n{HOW}");
        };
        assert_eq!(text, golden, "tests/golden/{name} does not match.\n{HOW}");
    }
}

#[test]
fn every_golden_file_is_still_read() {
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let parts: Vec<_> = name.split('.').collect();
        let [aggregate, event, version, "json"] = parts[..] else {
            panic!("{name} is not <aggregate>.<event>.v<version>.json")
        };
        let json = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let json = upcast((aggregate, &Uuid::from_u128(1).to_string()), event, &version[1..], json);
        let read = match aggregate {
            Lead::TYPE => decoded::<Lead>(json),
            Subject::TYPE => decoded::<Subject>(json),
            Organisation::TYPE => decoded::<Organisation>(json),
            Staff::TYPE => decoded::<Staff>(json),
            Session::TYPE => decoded::<Session>(json),
            Booking::TYPE => decoded::<Booking>(json),
            PriceBook::TYPE => decoded::<PriceBook>(json),
            Team::TYPE => decoded::<Team>(json),
            TimeOff::TYPE => decoded::<TimeOff>(json),
            Subscription::TYPE => decoded::<Subscription>(json),
            Templates::TYPE => decoded::<Templates>(json),
            Checklist::TYPE => decoded::<Checklist>(json),
            PhotoSet::TYPE => decoded::<PhotoSet>(json),
            WorkSession::TYPE => decoded::<WorkSession>(json),
            DispatcherAlert::TYPE => decoded::<DispatcherAlert>(json),
            DispatchNotice::TYPE => decoded::<DispatchNotice>(json),
            VisitPin::TYPE => decoded::<VisitPin>(json),
            Zones::TYPE => decoded::<Zones>(json),
            Invoice::TYPE => decoded::<Invoice>(json),
            Dispute::TYPE => decoded::<Dispute>(json),
            Payment::TYPE => decoded::<Payment>(json),
            Worker::TYPE => decoded::<Worker>(json),
            Client::TYPE => decoded::<Client>(json),
            PortalSession::TYPE => decoded::<PortalSession>(json),
            OrgSettings::TYPE => decoded::<OrgSettings>(json),
            Preferences::TYPE => decoded::<Preferences>(json),
            Account::TYPE => decoded::<Account>(json),
            ApiToken::TYPE => decoded::<ApiToken>(json),
            BreakGlass::TYPE => decoded::<BreakGlass>(json),
            Expense::TYPE => decoded::<Expense>(json),
            ExpenseCategory::TYPE => decoded::<ExpenseCategory>(json),
            Budget::TYPE => decoded::<Budget>(json),
            CashSnapshot::TYPE => decoded::<CashSnapshot>(json),
            TaxInstalment::TYPE => decoded::<TaxInstalment>(json),
            AccountingPeriod::TYPE => decoded::<AccountingPeriod>(json),
            TaxExport::TYPE => decoded::<TaxExport>(json),
            AccountingExport::TYPE => decoded::<AccountingExport>(json),
            other => panic!("{name}: no aggregate is called {other}"),
        };
        assert_eq!(read.unwrap_or_else(|error| panic!("{name}: {error}")), event);
    }
}

/// What was in the open in older versions is forgotten with its person all the same.
#[test]
fn words_about_an_erased_lead_are_erased_in_every_version() {
    let lead = Uuid::from_u128(1);
    let erased = serde_json::json!({ "$erased": { "subject": lead } });
    let words = [
        ("submitted", 1..=3, &["/attribution", "/awaiting_field"][..]),
        ("quote_drafted", 1..=2, &["/terms/service_type"]),
        ("quote_revised", 1..=2, &["/terms/service_type"]),
        ("quote_sent", 1..=2, &["/terms/service_type"]),
        ("quote_accepted", 1..=2, &["/terms/service_type"]),
    ];
    for (event, versions, fields) in words {
        for version in versions.map(|version| version.to_string()) {
            let file = folder().join(format!("lead.{event}.v{version}.json"));
            let json = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
            let mut json = upcast((Lead::TYPE, &lead.to_string()), event, &version, json);
            open_all(&mut json, &SubjectKeys::new()).unwrap();
            for field in fields {
                assert_eq!(json.pointer(field), Some(&erased), "{event} v{version}: {field}");
            }
        }
    }
}

#[test]
#[ignore = "writes the files that are missing"]
fn write_missing_golden_files() {
    for (name, text) in all() {
        let path = folder().join(name);
        if !path.exists() {
            std::fs::write(path, text).unwrap();
        }
    }
}

fn decoded<A: Aggregate>(json: Value) -> serde_json::Result<String> {
    serde_json::from_value::<A::Event>(json).map(|event| event.event_type())
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(seconds)
}

fn sealed<T>(data: &str) -> Personal<T> {
    Personal::Sealed { subject: Uuid::from_u128(1).into(), data: data.to_owned() }
}

fn api_token() -> Vec<ApiTokenEvent> {
    let token_id = Uuid::from_u128(3).into();
    let made = NewApiToken {
        token_id,
        name: "Nightly import".to_owned(),
        permissions: vec!["contacts.view".to_owned(), "leads.view".to_owned()],
        expires_at: Some(at(3600)),
        created_by: Some(Uuid::from_u128(1).into()),
    };
    vec![ApiTokenEvent::Created(made), ApiTokenEvent::Revoked { token_id, at: at(60) }]
}

fn break_glass() -> Vec<BreakGlassEvent> {
    let session_id = Uuid::from_u128(4).into();
    let reason = "invoices went out twice".to_owned();
    let started = BreakGlassStarted { session_id, reason, expires_at: at(1800) };
    vec![
        BreakGlassEvent::Started(started),
        BreakGlassEvent::Used { action: "lead.update".to_owned() },
        BreakGlassEvent::Ended { session_id, at: at(60) },
    ]
}

fn staff() -> Vec<StaffEvent> {
    let user_id = Uuid::from_u128(1).into();
    let role_id = Uuid::from_u128(2).into();
    let before = Grant { role: Role::Viewer, custom_role_id: None };
    let grant = Grant { role: Role::Viewer, custom_role_id: Some(role_id) };
    vec![
        StaffEvent::MemberAdded { user_id, email: sealed("c2VhbGVkIGVtYWls"), grant: before },
        StaffEvent::RoleGranted { user_id, grant, before },
        StaffEvent::MemberDeactivated { user_id },
        StaffEvent::TemporaryPasswordIssued { user_id, expires_at: at(0) },
        StaffEvent::PasswordChanged { user_id },
        StaffEvent::SessionsRevoked { user_id, reason: "role_changed".to_owned() },
        StaffEvent::RoleDefined(CustomRole {
            role_id,
            key: "key-holder".to_owned(),
            name: "Key holder".to_owned(),
            description: Some("Opens up".to_owned()),
            permissions: vec!["bookings.view".to_owned()],
        }),
        StaffEvent::RoleDeleted { role_id },
        StaffEvent::TotpEnabled { user_id },
        StaffEvent::TotpDisabled { user_id, reason: Some("new phone".to_owned()) },
    ]
}

fn session() -> Vec<SessionEvent> {
    let (from, to) = (Uuid::from_u128(3).into(), Uuid::from_u128(4).into());
    vec![
        SessionEvent::Started(Started {
            session_id: from,
            user_id: Uuid::from_u128(1).into(),
            mfa: true,
            expires_at: at(0),
        }),
        SessionEvent::Rotated { from, to, mfa: true },
        SessionEvent::Revoked { reason: "logout".to_owned() },
        SessionEvent::ReuseDetected { session_id: from },
    ]
}

#[expect(clippy::too_many_lines, reason = "an event after the other")]
fn worker() -> Vec<WorkerEvent> {
    let worker_id = Uuid::from_u128(1).into();
    let (cert_id, note_id) = (Uuid::from_u128(2).into(), Uuid::from_u128(3).into());
    let (booking, by) = (Uuid::from_u128(4).into(), || "dispatcher".to_owned());
    let day = |day| chrono::NaiveDate::from_ymd_opt(2026, 1, day).unwrap();
    let [team, to] = [1, 2].map(|number| TeamNumber::parse(number).unwrap_or(TeamNumber::FIRST));
    vec![
        WorkerEvent::Hired { worker_id, profile: sealed("cHJvZmlsZQ"), team, at: at(0) },
        WorkerEvent::ProfileChanged { worker_id, profile: sealed("cHJvZmlsZQ"), at: at(1) },
        WorkerEvent::Transferred { worker_id, from: team, to, effective: None, at: at(2) },
        WorkerEvent::TransferPlanned { worker_id, to, effective: day(1), at: at(2) },
        WorkerEvent::TransferDropped { worker_id, at: at(2) },
        WorkerEvent::Qualified {
            worker_id,
            role: Some("cleaner".to_owned()),
            skills: vec!["deep_clean".to_owned()],
            at: at(2),
        },
        WorkerEvent::RateChanged { worker_id, cents: 2_750, effective: day(1), at: at(2) },
        WorkerEvent::OnboardingStepSet {
            worker_id,
            step: OnboardingStep::DocsReceived,
            done: true,
            by: by(),
            at: at(2),
        },
        WorkerEvent::CertificateAdded {
            worker_id,
            cert_id,
            name: sealed("bmFtZQ"),
            status: CertificateStatus::Active,
            issued_at: Some(day(1)),
            expires_at: Some(day(31)),
            at: at(2),
        },
        WorkerEvent::CertificateExpired { worker_id, cert_id, at: at(2) },
        WorkerEvent::CertificateArchived { worker_id, cert_id, at: at(2) },
        WorkerEvent::NoteAdded {
            worker_id,
            note_id,
            booking: Some(booking),
            text: sealed("bm90ZQ"),
            by: by(),
            at: at(2),
        },
        WorkerEvent::IncidentReported {
            worker_id,
            note_id,
            booking: None,
            severity: Severity::High,
            text: sealed("bm90ZQ"),
            by: by(),
            at: at(2),
        },
        WorkerEvent::Reviewed {
            worker_id,
            booking,
            rating: 5,
            comment: Some(sealed("bm90ZQ")),
            by: by(),
            at: at(2),
        },
        WorkerEvent::Announced { worker_id, note_id, text: sealed("bm90ZQ"), by: by(), at: at(2) },
        WorkerEvent::PasswordIssued { worker_id, expires_at: at(259_200) },
        WorkerEvent::PasswordChanged { worker_id },
        WorkerEvent::Archived { worker_id, at: at(3) },
        WorkerEvent::Reinstated { worker_id, at: at(4) },
    ]
}

fn client() -> Vec<ClientEvent> {
    let client_id = Uuid::from_u128(1).into();
    let address_id = Uuid::from_u128(2).into();
    vec![
        ClientEvent::Registered { client_id, contact: sealed("Y29udGFjdA"), at: at(0) },
        ClientEvent::ContactChanged { client_id, contact: sealed("Y29udGFjdA"), at: at(1) },
        ClientEvent::Blocked { client_id, reason: sealed("cmVhc29u"), at: at(2) },
        ClientEvent::Unblocked { client_id, at: at(3) },
        ClientEvent::Archived { client_id, at: at(4) },
        ClientEvent::Restored { client_id, at: at(5) },
        ClientEvent::AddressAdded { address_id, address: sealed("YWRkcmVzcw"), at: at(6) },
        ClientEvent::AddressChanged { address_id, address: sealed("YWRkcmVzcw"), at: at(7) },
        ClientEvent::AddressArchived { address_id, at: at(8) },
        ClientEvent::AddressRestored { address_id, address: sealed("YWRkcmVzcw"), at: at(9) },
        ClientEvent::TagsSet { tags: sealed("dGFncw"), at: at(10) },
        ClientEvent::NoteAdded {
            note_id: Uuid::from_u128(3),
            kind: NoteKind::Complaint,
            text: sealed("dGV4dA"),
            by: Some("admin-first".to_owned()),
            at: at(11),
        },
        ClientEvent::FeedbackRecorded {
            feedback_id: Uuid::from_u128(4),
            booking: Some(Uuid::from_u128(5).into()),
            rating: 2,
            comment: Some(sealed("Y29tbWVudA")),
            by: Party::Client,
            at: at(12),
        },
        ClientEvent::Merged { client_id, into: Uuid::from_u128(6).into(), at: at(13) },
        ClientEvent::Absorbed { other: Uuid::from_u128(7).into(), at: at(14) },
    ]
}

fn portal_session() -> Vec<PortalSessionEvent> {
    let (client_id, worker_id) = (Uuid::from_u128(1).into(), Uuid::from_u128(2).into());
    let team = TeamNumber::FIRST;
    let portal = "https://portal.example.org".to_owned();
    vec![
        PortalSessionEvent::LinkIssued(Link { client_id, expires_at: at(1_800), portal }),
        PortalSessionEvent::LinkRedeemed,
        PortalSessionEvent::Opened {
            holder: Holder::Worker { worker_id, team },
            expires_at: at(43_200),
        },
        PortalSessionEvent::Revoked { reason: "logout".to_owned() },
    ]
}

fn settings() -> Vec<OrgSettingsEvent> {
    let monday = BusinessHours::default().of(Day::Monday).map(|hours| (Day::Monday, *hours));
    let line = |text: &str| Some(text.to_owned());
    vec![
        OrgSettingsEvent::ProfileChanged {
            timezone: Some("America/Toronto".to_owned()),
            currency: Some(Currency::Usd),
            language: Some(Language::Ru),
        },
        OrgSettingsEvent::BusinessHoursChanged { days: monday.into_iter().collect() },
        OrgSettingsEvent::HolidaysChanged {
            holidays: [Holiday::CanadaDay, Holiday::NewYearsDay].into(),
        },
        OrgSettingsEvent::LegalChanged {
            lines: [(Legal::GstHst, line("123456789 RT0001")), (Legal::Website, None)].into(),
        },
        OrgSettingsEvent::BrandingChanged {
            entries: [
                ("weekly_revenue_goal_cents".to_owned(), Some(500_000.into())),
                ("logo".to_owned(), None),
            ]
            .into(),
        },
        OrgSettingsEvent::ReferralTriggerChanged { trigger: ReferralTrigger::BookingOrPayment },
        OrgSettingsEvent::FinanceReadyChanged { ready: true },
        OrgSettingsEvent::InvoiceRemindersChanged { enabled: true },
        OrgSettingsEvent::FeatureOverridden { key: "module.leads".to_owned(), enabled: true },
        OrgSettingsEvent::FeatureReleased { key: "quality.nps".to_owned() },
    ]
}

fn preferences() -> Vec<PreferencesEvent> {
    vec![PreferencesEvent::MenuChanged { hidden_keys: ["module.leads".to_owned()].into() }]
}

fn account() -> Vec<AccountEvent> {
    vec![
        AccountEvent::PlanChanged { plan: Plan::Pro, status: Status::PastDue },
        AccountEvent::Paused { reason_code: "SEASON".to_owned() },
        AccountEvent::Resumed { reason_code: "SPRING".to_owned() },
    ]
}

fn subject() -> Vec<SubjectEvent> {
    let reason = "asked for it".to_owned();
    vec![SubjectEvent::Erased { subject: Uuid::from_u128(1).into(), reason }]
}

fn organisation() -> Vec<OrganisationEvent> {
    let parked = ParkedStream {
        projection: "lead_list".to_owned(),
        aggregate_type: "lead".to_owned(),
        aggregate_id: Uuid::from_u128(1).to_string(),
        position: 42,
        reason: "known gap".to_owned(),
    };
    vec![
        OrganisationEvent::Registered(Profile {
            slug: "north".to_owned(),
            name: "North Cleaning".to_owned(),
            timezone: "America/Edmonton".to_owned(),
        }),
        OrganisationEvent::ParkedRetried(parked.clone()),
        OrganisationEvent::ParkedSkipped(parked),
        OrganisationEvent::ProjectionResumed(HaltedProjection {
            projection: "lead_list".to_owned(),
            reason: "restored from backup".to_owned(),
        }),
        OrganisationEvent::AuditPruned(Pruned {
            through: 40,
            hash: "9f".repeat(32),
            entries: 38,
            before: at(0),
        }),
    ]
}

fn lead() -> Vec<LeadEvent> {
    let quote_id: QuoteId = Uuid::from_u128(2).into();
    let terms = QuoteTerms {
        amount_cents: 17_610,
        currency: "CAD".to_owned(),
        service_type: Some(sealed("c2VydmljZQ")),
        expires_at: Some(at(86_400)),
        metadata: Some(sealed("bWV0YWRhdGE")),
        price_book: Some("price-book/v2".to_owned()),
    };
    let follow_up = FollowUp {
        followup_id: Uuid::from_u128(3),
        note: sealed("bm90ZQ"),
        created_by: Some("dispatcher".to_owned()),
        created_at: at(10),
    };
    vec![
        LeadEvent::Submitted(Box::new(submitted())),
        LeadEvent::Contacted { at: at(1) },
        LeadEvent::Quoted { quote_id: Some(quote_id), at: at(2) },
        LeadEvent::Won { cause: WinCause::BookingConfirmed, at: at(3) },
        LeadEvent::Lost { reason: sealed("cmVhc29u"), at: at(3) },
        LeadEvent::LossReasonChanged { reason: sealed("cmVhc29u"), at: at(4) },
        LeadEvent::NotesChanged { notes: sealed("bm90ZXM"), at: at(5) },
        LeadEvent::TimelineEntryAdded { entry: sealed::<TimelineEntry>("ZW50cnk"), at: at(6) },
        LeadEvent::QuoteDrafted { quote_id, terms: terms.clone(), at: at(7) },
        LeadEvent::QuoteRevised { quote_id, terms: terms.clone(), at: at(8) },
        LeadEvent::QuoteSent { quote_id, terms: terms.clone(), at: at(9) },
        LeadEvent::QuoteAccepted { quote_id, terms, at: at(11) },
        LeadEvent::QuoteDeclined { quote_id, at: at(11) },
        LeadEvent::QuoteExpired { quote_id, at: at(86_400) },
        LeadEvent::QuoteFollowedUp { quote_id, follow_up, at: at(10) },
    ]
}

fn submitted() -> Submitted {
    Submitted {
        lead_id: Uuid::from_u128(1).into(),
        contact: sealed("Y29udGFjdA"),
        structured_inputs: EstimateInput {
            beds: 2,
            baths_hundredths: 150,
            cleaning_type: CleaningType::Deep,
            heavy_grease: true,
            multi_floor: false,
            frequency: Frequency::Biweekly,
            add_ons: [(AddOn::Oven, 1), (AddOn::WindowsUpTo5, 1), (AddOn::SteamSofa2, 2)].into(),
        },
        awaiting_field: Some(sealed("cGV0cw")),
        estimate: estimate(),
        quoted_by_client_cents: Some(17_610),
        attribution: sealed("YXR0cmlidXRpb24"),
        referral_code: "B4T8ZZ01".to_owned(),
        referred_by_code: Some("K7Q2M9XA".to_owned()),
        referred_by: Some(Uuid::from_u128(4).into()),
        high_value: false,
        at: at(0),
    }
}

/// Written out instead of computed: history does not follow the price book.
fn estimate() -> Estimate {
    Estimate {
        pricing_config_id: "economy".to_owned(),
        pricing_config_version: "v1".to_owned(),
        config_hash: "sha256:00".to_owned(),
        currency: "CAD".to_owned(),
        rate_cents: 3500,
        base_milli_hours: 3500,
        multiplier_permille: 1200,
        extra_milli_hours: 500,
        cleaner_milli_hours: 4700,
        minimum_milli_hours: 3000,
        team_size: 2,
        on_site_milli_hours: 2500,
        billed_milli_hours: 5000,
        labor_cents: 17_500,
        discount_cents: 875,
        add_ons_cents: 24_000,
        total_cents: 40_625,
    }
}
