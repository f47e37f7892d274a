//! The life of a lead, given, when, then.

use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use proptest::prelude::*;
use serde_json::{Value, json};
use strum::VariantArray;
use uuid::Uuid;

use super::*;
use crate::id::{LeadId, QuoteId};
use crate::personal::PLACEHOLDER;
use crate::pricing::prices;
use crate::refusal::{Kind, Refusal};
use crate::seal::{self, SubjectKeys};

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
}

fn lead_id() -> LeadId {
    Uuid::from_u128(1).into()
}

fn quote_id(number: u128) -> QuoteId {
    Uuid::from_u128(number).into()
}

fn own<T>(value: T) -> Personal<T> {
    Personal::of(lead_id().as_uuid().into(), value)
}

fn words(text: &str) -> Personal<String> {
    own(text.to_owned())
}

fn submission(code: Option<&str>, referrer: Option<Referrer>) -> Submission {
    let request = LeadRequest::parse(&json!({
        "name": "Dana K.", "phone": "780-555-0199", "email": "dana@example.org",
        "address": "9 Sample Rd", "preferred_dates": ["Tue morning"], "notes": "ring twice",
        "structured_inputs": { "beds": 2, "baths": 1, "awaiting_field": "pets" },
        "estimate_snapshot": { "total_before_tax": 99.5 },
        "utm": { "utm_source": "google" }, "referral_code": code
    }))
    .unwrap();
    Submission {
        lead_id: lead_id(),
        estimate: prices::economy_v1().estimate(&request.inputs),
        request,
        referral_code: "B4T8ZZ01".to_owned(),
        referrer,
        high_value_cents: 30_000,
        now: at(0),
    }
}

fn submit_with(code: Option<&str>, referrer: Option<Referrer>) -> LeadCommand {
    LeadCommand::Submit(Box::new(submission(code, referrer)))
}

fn submitted() -> LeadEvent {
    submit(submission(None, None)).unwrap().remove(0)
}

/// A lead that came to `status` by its shortest way.
fn in_status(status: Status) -> Vec<LeadEvent> {
    let mut events = vec![submitted()];
    match status {
        Status::New => {}
        Status::Contacted => events.push(LeadEvent::Contacted { at: at(1) }),
        Status::Quoted => events.push(LeadEvent::Quoted { quote_id: None, at: at(1) }),
        Status::Won => events.extend([
            LeadEvent::Contacted { at: at(1) },
            LeadEvent::Won { cause: WinCause::Staff, at: at(1) },
        ]),
        Status::Lost => events.push(LeadEvent::Lost { reason: words("price"), at: at(1) }),
    }
    events
}

fn given(events: Vec<LeadEvent>) -> AggregateTestExecutor<Lead> {
    TestFramework::with(()).given(events)
}

fn folded(events: Vec<LeadEvent>) -> Lead {
    let mut lead = Lead::default();
    for event in events {
        lead.apply(event);
    }
    lead
}

fn change(status: Status, reason: Option<&str>) -> LeadCommand {
    LeadCommand::ChangeStatus { status, loss_reason: reason.map(str::to_owned), now: at(9) }
}

fn update(status: Option<Status>, notes: Option<&str>, reason: Option<&str>) -> LeadCommand {
    LeadCommand::Update {
        status,
        notes: notes.map(str::to_owned),
        loss_reason: reason.map(str::to_owned),
        now: at(9),
    }
}

fn offer(amount_cents: i64) -> Offer {
    Offer { amount_cents, expires_at: Some(at(100)), ..Offer::default() }
}

fn terms(amount_cents: i64) -> QuoteTerms {
    QuoteTerms {
        amount_cents,
        currency: "CAD".to_owned(),
        service_type: None,
        expires_at: Some(at(100)),
        metadata: None,
        price_book: None,
    }
}

fn drafted(number: u128) -> LeadEvent {
    LeadEvent::QuoteDrafted { quote_id: quote_id(number), terms: terms(10_500), at: at(2) }
}

fn sent(number: u128) -> LeadEvent {
    LeadEvent::QuoteSent { quote_id: quote_id(number), terms: terms(10_500), at: at(3) }
}

fn accepted(number: u128) -> LeadEvent {
    LeadEvent::QuoteAccepted { quote_id: quote_id(number), terms: terms(10_500), at: at(9) }
}

fn declined(number: u128) -> LeadEvent {
    LeadEvent::QuoteDeclined { quote_id: quote_id(number), at: at(9) }
}

fn expired(number: u128) -> LeadEvent {
    LeadEvent::QuoteExpired { quote_id: quote_id(number), at: at(9) }
}

fn quoting(more: &[LeadEvent]) -> AggregateTestExecutor<Lead> {
    let mut events = in_status(Status::Quoted);
    events.extend_from_slice(more);
    given(events)
}

fn refused(result: Result<Vec<LeadEvent>, LeadError>) -> (Kind, &'static str) {
    let error = result.unwrap_err();
    (error.kind(), error.code())
}

#[test]
fn submitting_records_everything_that_is_known() {
    let LeadEvent::Submitted(event) = submitted() else { panic!("not submitted") };
    assert_eq!(event.contact.open().unwrap().name, "Dana K.");
    assert_eq!((event.estimate.total_cents, event.quoted_by_client_cents), (10_500, Some(9950)));
    assert_eq!(event.attribution.open().unwrap().source.as_deref(), Some("google"));
    assert_eq!(event.awaiting_field.as_ref().unwrap().open().unwrap(), "pets");
    given(vec![]).when(submit_with(None, None)).then_expect_events(vec![submitted()]);
}

#[test]
fn submitting_makes_a_key_and_claims_the_referral_code() {
    let subject: SubjectId = lead_id().as_uuid().into();
    let expected = [
        Reservation::NewSubject(subject),
        Reservation::Claim { scope: REFERRAL_CODES, value: "B4T8ZZ01".to_owned() },
    ];
    assert_eq!(Lead::reservations(&submitted()), expected);
    assert_eq!(Lead::reservations(&LeadEvent::Contacted { at: at(1) }), []);
    assert_eq!(folded(vec![submitted()]).subjects(), [subject]);
    assert_eq!(Lead::Absent.subjects(), []);
}

#[test]
fn a_lead_is_submitted_once() {
    given(vec![submitted()])
        .when(submit_with(None, None))
        .then_expect_error(LeadError::AlreadySubmitted);
}

#[test]
fn a_referral_needs_a_code_that_somebody_else_owns() {
    let other = Referrer {
        lead_id: Uuid::from_u128(7).into(),
        phone: Some("780 555 0100".to_owned()),
        email: Some("kim@example.org".to_owned()),
    };
    let same_phone = Referrer { phone: Some("+1 780 555 0199".to_owned()), ..other.clone() };
    let same_email = Referrer { email: Some("DANA@example.org".to_owned()), ..other.clone() };
    given(vec![])
        .when(submit_with(Some("K7Q2M9XA"), None))
        .then_expect_error(LeadError::UnknownReferralCode);
    for own in [same_phone, same_email] {
        given(vec![])
            .when(submit_with(Some("K7Q2M9XA"), Some(own)))
            .then_expect_error(LeadError::SelfReferral);
    }
    let events =
        given(vec![]).when(submit_with(Some("K7Q2M9XA"), Some(other))).inspect_result().unwrap();
    let [LeadEvent::Submitted(event)] = events.as_slice() else { panic!("not submitted") };
    assert_eq!(event.referred_by, Some(Uuid::from_u128(7).into()));
    assert_eq!(event.referred_by_code.as_deref(), Some("K7Q2M9XA"));
}

#[test]
fn nothing_can_be_asked_of_a_lead_that_does_not_exist() {
    let (quote_id, now) = (quote_id(1), at(9));
    let commands = [
        change(Status::Contacted, None),
        update(None, Some("x"), None),
        LeadCommand::AddTimelineEntry { action: "called".to_owned(), note: None, now },
        LeadCommand::Win { cause: WinCause::BookingConfirmed, now },
        LeadCommand::DraftQuote { quote_id, offer: offer(1), now },
        LeadCommand::ReviseQuote { quote_id, offer: offer(1), now },
        LeadCommand::SendQuote { quote_id, now },
        LeadCommand::AcceptQuote { quote_id, now },
        LeadCommand::DeclineQuote { quote_id, now },
        LeadCommand::ExpireQuote { quote_id, now },
        follow_up("x"),
    ];
    for command in commands {
        given(vec![]).when(command).then_expect_error(LeadError::NotFound);
    }
}

fn follow_up(note: &str) -> LeadCommand {
    LeadCommand::FollowUpQuote {
        quote_id: quote_id(1),
        followup_id: Uuid::from_u128(5),
        note: note.to_owned(),
        by: Some("staff-1".to_owned()),
        now: at(9),
    }
}

#[test]
fn every_pair_of_statuses_follows_the_table() {
    use Status::{Contacted, Lost, New, Quoted, Won};

    let allowed = [
        (New, Contacted),
        (New, Quoted),
        (New, Lost),
        (Contacted, Quoted),
        (Contacted, Won),
        (Contacted, Lost),
        (Quoted, Won),
        (Quoted, Lost),
    ];
    for from in Status::VARIANTS.iter().copied() {
        for to in Status::VARIANTS.iter().copied() {
            let reason = (to == Lost && from != Lost).then_some("price");
            let executed = given(in_status(from)).when(change(to, reason));
            if from == to {
                executed.then_expect_events(vec![]);
            } else if allowed.contains(&(from, to)) {
                executed.then_expect_events(vec![match to {
                    New => panic!("nothing leads back"),
                    Contacted => LeadEvent::Contacted { at: at(9) },
                    Quoted => LeadEvent::Quoted { quote_id: None, at: at(9) },
                    Won => LeadEvent::Won { cause: WinCause::Staff, at: at(9) },
                    Lost => LeadEvent::Lost { reason: words("price"), at: at(9) },
                }]);
            } else {
                executed.then_expect_error(LeadError::IllegalTransition { from, to });
            }
        }
    }
}

#[test]
fn a_booking_wins_a_lead_from_anywhere_but_lost() {
    let win = || LeadCommand::Win { cause: WinCause::BookingConfirmed, now: at(9) };
    let won = LeadEvent::Won { cause: WinCause::BookingConfirmed, at: at(9) };
    given(in_status(Status::New))
        .when(win())
        .then_expect_events(vec![LeadEvent::Contacted { at: at(9) }, won.clone()]);
    for from in [Status::Contacted, Status::Quoted] {
        given(in_status(from)).when(win()).then_expect_events(vec![won.clone()]);
    }
    given(in_status(Status::Won)).when(win()).then_expect_events(vec![]);
    given(in_status(Status::Lost))
        .when(win())
        .then_expect_error(LeadError::IllegalTransition { from: Status::Lost, to: Status::Won });
}

#[test]
fn a_lost_lead_says_why_and_no_other_does() {
    for blank in [None, Some(""), Some("  ")] {
        given(in_status(Status::New))
            .when(change(Status::Lost, blank))
            .then_expect_error(LeadError::LossReasonMissing);
    }
    for status in [Status::New, Status::Contacted] {
        given(in_status(Status::New))
            .when(change(status, Some("price")))
            .then_expect_error(LeadError::NotLost);
    }
    given(in_status(Status::Won))
        .when(update(None, None, Some("price")))
        .then_expect_error(LeadError::NotLost);
}

#[test]
fn a_better_reason_replaces_the_old_one_and_the_same_changes_nothing() {
    let changed = LeadEvent::LossReasonChanged { reason: words("moved away"), at: at(9) };
    for command in [
        update(None, None, Some(" moved away ")),
        update(Some(Status::Lost), None, Some("moved away")),
        change(Status::Lost, Some("moved away")),
    ] {
        given(in_status(Status::Lost)).when(command).then_expect_events(vec![changed.clone()]);
    }
    given(in_status(Status::Lost))
        .when(change(Status::Lost, Some("price")))
        .then_expect_events(vec![]);
}

#[test]
fn an_update_changes_what_it_names() {
    let noted = |text: &str| LeadEvent::NotesChanged { notes: words(text), at: at(9) };
    given(in_status(Status::New))
        .when(update(Some(Status::Lost), Some(" no answer "), Some("price")))
        .then_expect_events(vec![
            LeadEvent::Lost { reason: words("price"), at: at(9) },
            noted("no answer"),
        ]);
    given(in_status(Status::New))
        .when(update(None, Some(""), None))
        .then_expect_events(vec![noted("")]);
    given(in_status(Status::New))
        .when(update(None, Some("ring twice"), None))
        .then_expect_events(vec![]);
    given(vec![submitted(), noted("call later")])
        .when(update(Some(Status::New), Some("call later"), None))
        .then_expect_events(vec![]);
    given(vec![submitted(), noted("call later")])
        .when(update(None, Some("ring twice"), None))
        .then_expect_events(vec![noted("ring twice")]);
}

#[test]
fn an_update_of_nothing_is_refused() {
    given(in_status(Status::New))
        .when(update(None, None, None))
        .then_expect_error(LeadError::NothingSupplied);
}

#[test]
fn a_refused_part_refuses_the_whole_update() {
    given(in_status(Status::New))
        .when(update(Some(Status::Won), Some("new notes"), None))
        .then_expect_error(LeadError::IllegalTransition { from: Status::New, to: Status::Won });
}

#[test]
fn a_timeline_entry_is_trimmed_and_kept_every_time() {
    let add = || LeadCommand::AddTimelineEntry {
        action: " called ".to_owned(),
        note: Some(" ".to_owned()),
        now: at(9),
    };
    let entry = own(TimelineEntry { action: "called".to_owned(), note: None });
    let added = LeadEvent::TimelineEntryAdded { entry, at: at(9) };
    given(vec![submitted()]).when(add()).then_expect_events(vec![added.clone()]);
    given(vec![submitted(), added.clone()]).when(add()).then_expect_events(vec![added]);
}

#[test]
fn values_out_of_bounds_are_named() {
    let now = at(9);
    let long = |length: usize| "x".repeat(length);
    let entry = |action: String, note: String| LeadCommand::AddTimelineEntry {
        action,
        note: Some(note),
        now,
    };
    let draft = |offer: Offer| LeadCommand::DraftQuote { quote_id: quote_id(9), offer, now };
    let object = |json: Value| json.as_object().cloned();
    let cases = [
        (update(None, Some(&long(501)), None), "notes"),
        (update(None, Some("a\0b"), None), "notes"),
        (change(Status::Lost, Some(&long(256))), "loss_reason"),
        (entry(String::new(), String::new()), "action"),
        (entry(long(201), String::new()), "action"),
        (entry("called".to_owned(), long(501)), "note"),
        (draft(Offer { amount_cents: -1, ..Offer::default() }), "amount"),
        (draft(Offer { amount_cents: i64::MAX, ..Offer::default() }), "amount"),
        (draft(Offer { currency: Some(long(9)), ..Offer::default() }), "currency"),
        (draft(Offer { currency: Some("C$".to_owned()), ..Offer::default() }), "currency"),
        (draft(Offer { service_type: Some(long(101)), ..Offer::default() }), "service_type"),
        (draft(Offer { metadata: object(json!({ "a": "\0" })), ..Offer::default() }), "metadata"),
        (
            draft(Offer { metadata: object(json!({ "a": long(5000) })), ..Offer::default() }),
            "metadata",
        ),
        (follow_up(""), "note"),
        (follow_up(&long(501)), "note"),
    ];
    for (command, field) in cases {
        let result = given(vec![submitted(), drafted(1)]).when(command).inspect_result();
        let error = result.unwrap_err();
        assert_eq!((error.kind(), error.code()), (Kind::Invalid, "lead.invalid"));
        let found: Vec<_> = error.problems().iter().map(|p| p.field.as_str()).collect();
        assert_eq!(found, [field]);
    }
}

#[test]
fn a_quote_is_drafted_once_in_the_currency_of_the_house() {
    let draft =
        || LeadCommand::DraftQuote { quote_id: quote_id(1), offer: offer(10_500), now: at(2) };
    given(vec![submitted()]).when(draft()).then_expect_events(vec![drafted(1)]);
    given(vec![submitted(), drafted(1)]).when(draft()).then_expect_error(LeadError::QuoteExists);
}

#[test]
fn sending_a_quote_makes_an_open_lead_quoted() {
    let send = || LeadCommand::SendQuote { quote_id: quote_id(1), now: at(3) };
    let quoted = LeadEvent::Quoted { quote_id: Some(quote_id(1)), at: at(3) };
    for status in Status::VARIANTS.iter().copied() {
        let mut events = in_status(status);
        events.push(drafted(1));
        let expected = match status {
            Status::New | Status::Contacted => vec![sent(1), quoted.clone()],
            Status::Quoted | Status::Won | Status::Lost => vec![sent(1)],
        };
        given(events).when(send()).then_expect_events(expected);
    }
    quoting(&[drafted(1), sent(1)]).when(send()).then_expect_events(vec![]);
}

#[test]
fn a_revised_quote_must_be_sent_again() {
    let revise = |amount| LeadCommand::ReviseQuote {
        quote_id: quote_id(1),
        offer: offer(amount),
        now: at(9),
    };
    let revised = LeadEvent::QuoteRevised { quote_id: quote_id(1), terms: terms(9000), at: at(9) };
    for open in [vec![drafted(1)], vec![drafted(1), sent(1)]] {
        quoting(&open).when(revise(9000)).then_expect_events(vec![revised.clone()]);
        quoting(&open).when(revise(10_500)).then_expect_events(vec![]);
    }
    quoting(&[drafted(1), sent(1), revised])
        .when(LeadCommand::AcceptQuote { quote_id: quote_id(1), now: at(9) })
        .then_expect_error(LeadError::QuoteNotSent);
}

#[test]
fn every_quote_command_keeps_to_the_state_of_its_quote() {
    type Make = fn(DateTime<Utc>) -> LeadCommand;
    let commands: [(&str, Make); 6] = [
        ("revise", |now| LeadCommand::ReviseQuote { quote_id: quote_id(1), offer: offer(1), now }),
        ("send", |now| LeadCommand::SendQuote { quote_id: quote_id(1), now }),
        ("accept", |now| LeadCommand::AcceptQuote { quote_id: quote_id(1), now }),
        ("decline", |now| LeadCommand::DeclineQuote { quote_id: quote_id(1), now }),
        ("expire", |now| LeadCommand::ExpireQuote { quote_id: quote_id(1), now }),
        ("follow_up", |_| follow_up("called")),
    ];
    let closed = "lead.quote_closed";
    // State at minute 9, then the outcome of each command above: an event, nothing, or a refusal.
    let table: [(&str, Vec<LeadEvent>, [&str; 6]); 5] = [
        (
            "draft",
            vec![drafted(1)],
            [
                "quote_revised",
                "quote_sent",
                "lead.quote_not_sent",
                "lead.quote_not_sent",
                "lead.quote_not_due",
                "quote_followed_up",
            ],
        ),
        (
            "sent",
            vec![drafted(1), sent(1)],
            [
                "quote_revised",
                "",
                "quote_accepted",
                "quote_declined",
                "lead.quote_not_due",
                "quote_followed_up",
            ],
        ),
        (
            "accepted",
            vec![drafted(1), sent(1), accepted(1)],
            [closed, closed, "", "lead.quote_closed", closed, closed],
        ),
        (
            "declined",
            vec![drafted(1), sent(1), declined(1)],
            [closed, closed, closed, "", closed, closed],
        ),
        (
            "expired",
            vec![drafted(1), sent(1), expired(1)],
            [closed, closed, closed, closed, "", closed],
        ),
    ];
    for (state, events, outcomes) in table {
        for ((name, command), expected) in commands.iter().zip(outcomes) {
            let found = match quoting(&events).when(command(at(9))).inspect_result() {
                Ok(events) => events.first().map_or("", Into::into),
                Err(error) => error.code(),
            };
            assert_eq!(found, expected, "{name} when {state}");
        }
    }
}

#[test]
fn a_quote_runs_out_at_its_instant_even_before_its_timer() {
    let closed = LeadError::QuoteClosed(QuoteStatus::Expired);
    let (quote_id, now) = (quote_id(1), at(100));
    for command in [
        LeadCommand::ReviseQuote { quote_id, offer: offer(1), now },
        LeadCommand::SendQuote { quote_id, now },
        LeadCommand::AcceptQuote { quote_id, now },
        LeadCommand::DeclineQuote { quote_id, now },
    ] {
        quoting(&[drafted(1), sent(1)]).when(command).then_expect_error(closed.clone());
    }
    for open in [vec![drafted(1)], vec![drafted(1), sent(1)]] {
        quoting(&open)
            .when(LeadCommand::ExpireQuote { quote_id, now })
            .then_expect_events(vec![LeadEvent::QuoteExpired { quote_id, at: now }]);
    }
}

#[test]
fn one_quote_of_a_lead_is_accepted() {
    let result = quoting(&[drafted(1), sent(1), drafted(2), sent(2), accepted(1)])
        .when(LeadCommand::AcceptQuote { quote_id: quote_id(2), now: at(9) })
        .inspect_result();
    assert_eq!(refused(result), (Kind::Conflict, "lead.another_quote_accepted"));
}

#[test]
fn an_unknown_quote_is_not_found() {
    let (quote_id, now) = (quote_id(4), at(9));
    for command in [
        LeadCommand::ReviseQuote { quote_id, offer: offer(1), now },
        LeadCommand::SendQuote { quote_id, now },
        LeadCommand::AcceptQuote { quote_id, now },
        LeadCommand::DeclineQuote { quote_id, now },
        LeadCommand::ExpireQuote { quote_id, now },
        follow_up("called"),
    ] {
        let result = given(vec![submitted()]).when(command).inspect_result();
        assert_eq!(refused(result), (Kind::NotFound, "lead.quote_not_found"));
    }
}

#[test]
fn the_same_follow_up_is_kept_once() {
    let events = quoting(&[drafted(1)]).when(follow_up(" called ")).inspect_result().unwrap();
    let [LeadEvent::QuoteFollowedUp { follow_up: kept, .. }] = events.as_slice() else {
        panic!("not followed up")
    };
    assert_eq!(kept.note, words("called"));
    quoting(&[drafted(1), events[0].clone()]).when(follow_up("called")).then_expect_events(vec![]);
}

#[test]
fn a_broken_rule_and_a_forbidding_state_are_told_apart() {
    for (error, kind) in [
        (LeadError::NotFound, Kind::NotFound),
        (LeadError::LossReasonMissing, Kind::Rule),
        (LeadError::NotLost, Kind::Rule),
        (LeadError::NothingSupplied, Kind::Rule),
        (LeadError::UnknownReferralCode, Kind::Rule),
        (LeadError::SelfReferral, Kind::Rule),
        (LeadError::AlreadySubmitted, Kind::Conflict),
        (LeadError::QuoteExists, Kind::Conflict),
        (LeadError::QuoteNotSent, Kind::Conflict),
        (LeadError::QuoteNotAccepted, Kind::Conflict),
    ] {
        assert_eq!(error.kind(), kind);
        assert!(error.code().starts_with("lead."));
    }
}

#[test]
fn the_list_line_and_the_detail_have_the_promised_keys() {
    let keys = |json: &Value| json.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let lead = folded(in_status(Status::Lost));
    let details = lead.details().unwrap();
    let mut line = vec![
        "lead_id",
        "name",
        "email",
        "phone",
        "postal_code",
        "preferred_dates",
        "notes",
        "loss_reason",
        "source",
        "campaign",
        "keyword",
        "landing_page",
        "created_at",
        "updated_at",
        "referrer",
        "status",
        "referral_code",
        "referred_by_code",
        "referral_credits",
    ];
    line.sort_unstable();
    let item = view::item(details, 2);
    assert_eq!(keys(&item), line);
    line.extend([
        "address",
        "access_notes",
        "parking",
        "pets",
        "allergies",
        "structured_inputs",
        "estimate_snapshot",
        "pricing_config_version",
    ]);
    line.sort_unstable();
    let detail = view::detail(details, 2);
    assert_eq!(keys(&detail), line);
    assert_eq!((&item["status"], &item["loss_reason"]), (&json!("LOST"), &json!("price")));
    assert_eq!((&item["notes"], &item["referral_credits"]), (&json!("ring twice"), &json!(2)));
    assert_eq!(detail["structured_inputs"]["awaiting_field"], "pets");
    assert_eq!(detail["estimate_snapshot"]["total_before_tax"], 105.0);
}

#[test]
fn an_open_quote_is_shown_expired_from_its_instant_on() {
    let lead = folded(vec![submitted(), drafted(1), sent(1)]);
    let details = lead.details().unwrap();
    let status = |minute| view::quotes(details, at(minute))[0]["status"].clone();
    assert_eq!((status(99), status(100)), (json!("SENT"), json!("EXPIRED")));
    let shown = &view::quotes(details, at(9))[0];
    assert_eq!((&shown["amount"], &shown["metadata"]), (&json!(10_500), &json!({})));
}

#[test]
fn an_erased_person_is_gone_from_every_answer() {
    let kept = json!({ "gate": "blue" }).as_object().cloned();
    let mut events = in_status(Status::Lost);
    events.push(LeadEvent::NotesChanged { notes: words("likes blue"), at: at(2) });
    events.extend(
        folded(events.clone())
            .decide(LeadCommand::DraftQuote {
                quote_id: quote_id(1),
                offer: Offer { metadata: kept, ..offer(1) },
                now: at(3),
            })
            .unwrap(),
    );
    events.extend(folded(events.clone()).decide(follow_up("blue")).unwrap());
    let sealed = json!(folded(events)).to_string().replace("$personal", "$sealed");
    let mut json: Value = serde_json::from_str(&sealed).unwrap();
    seal::open_all(&mut json, &SubjectKeys::new()).unwrap();
    let lead: Lead = serde_json::from_value(json).unwrap();

    let details = lead.details().unwrap();
    let shown = json!([view::detail(details, 0), view::quotes(details, at(4))]).to_string();
    for secret in ["Dana", "0199", "example.org", "Sample Rd", "Tue", "price\"", "blue", "google"] {
        assert!(!shown.contains(secret), "{secret}");
    }
    let item = view::item(details, 0);
    assert_eq!((&item["name"], &item["email"]), (&json!(PLACEHOLDER), &Value::Null));
    assert_eq!((&item["notes"], &item["loss_reason"]), (&json!(PLACEHOLDER), &json!(PLACEHOLDER)));
    assert_eq!(item["source"], Value::Null);
}

#[test]
fn debug_output_of_commands_and_state_names_nobody() {
    let lead = folded(in_status(Status::Lost));
    let shown = format!(
        "{lead:?} {:?} {:?} {:?}",
        submit_with(None, None),
        follow_up("secret"),
        submitted()
    );
    for secret in ["Dana", "0199", "Sample Rd", "secret", "price\""] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

fn any_command() -> impl Strategy<Value = LeadCommand> {
    let status = proptest::sample::select(Status::VARIANTS);
    let reason = proptest::option::of(proptest::sample::select(vec!["", "price", "late"]));
    let minute = 0..200i64;
    prop_oneof![
        Just(submit_with(None, None)),
        (status.clone(), reason.clone()).prop_map(|(status, reason)| change(status, reason)),
        (proptest::option::of(status), reason.clone(), reason)
            .prop_map(|(status, notes, reason)| update(status, notes, reason)),
        Just(LeadCommand::Win { cause: WinCause::BookingConfirmed, now: at(9) }),
        Just(follow_up("called")),
        (0..6u8, 1..4u128, minute, 0..3i64).prop_map(|(which, number, minute, amount)| {
            let (quote_id, now) = (quote_id(number), at(minute));
            match which {
                0 => LeadCommand::DraftQuote { quote_id, offer: offer(amount), now },
                1 => LeadCommand::ReviseQuote { quote_id, offer: offer(amount), now },
                2 => LeadCommand::SendQuote { quote_id, now },
                3 => LeadCommand::AcceptQuote { quote_id, now },
                4 => LeadCommand::DeclineQuote { quote_id, now },
                _ => LeadCommand::ExpireQuote { quote_id, now },
            }
        }),
    ]
}

proptest! {
    #[test]
    fn whatever_is_asked_a_lead_keeps_its_invariants(
        commands in proptest::collection::vec(any_command(), 0..40)
    ) {
        let mut lead = Lead::default();
        for command in commands {
            let Ok(events) = lead.decide(command.clone()) else { continue };
            for event in events {
                let before = lead.details().map(|known| known.status);
                lead.apply(event);
                let after = lead.details().unwrap();
                prop_assert!(before.is_none_or(
                    |from| from == after.status || from.next().contains(&after.status)));
                prop_assert_eq!(after.loss_reason.is_some(), after.status == Status::Lost);
                let accepted = |quote: &&Quote| quote.status == QuoteStatus::Accepted;
                prop_assert!(after.quotes.iter().filter(accepted).count() <= 1);
            }
            let again = lead.decide(command).unwrap_or_default();
            prop_assert!(again.is_empty(), "asking twice must change nothing");
            let stored: Lead = serde_json::from_value(json!(lead)).unwrap();
            prop_assert_eq!(&stored, &lead);
        }
    }
}
