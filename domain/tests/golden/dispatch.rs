//! Samples of everything that happens at the desk of the dispatcher.

use domain::scheduling::dispatch::alert::AlertEvent;
use domain::scheduling::dispatch::notice::{
    Channel, Failure, Notice, NoticeEvent, Outcome, Target,
};
use domain::scheduling::dispatch::pin::PinEvent;
use domain::scheduling::dispatch::zones::{Zone, ZonesEvent};
use domain::settings::org::Language;

use super::{Uuid, at, sealed};

pub(super) fn alert() -> Vec<AlertEvent> {
    vec![AlertEvent::Acknowledged { until: at(1_800), at: at(0) }]
}

pub(super) fn notice() -> Vec<NoticeEvent> {
    vec![NoticeEvent::Told(Box::new(Notice {
        notice_id: Uuid::from_u128(4),
        booking_id: Uuid::from_u128(1).into(),
        target: Target::Worker,
        worker: Some(Uuid::from_u128(20).into()),
        channel: Channel::Sms,
        template: "CLIENT_DELAY_TRAFFIC".to_owned(),
        locale: Language::Ru,
        minutes: Some(20),
        outcome: Outcome::Failed,
        error_code: Some(Failure::ChannelUnavailable),
        by: "dispatcher".to_owned(),
        at: at(0),
    }))]
}

pub(super) fn pin() -> Vec<PinEvent> {
    let (booking_id, point) = (Uuid::from_u128(1).into(), sealed("cG9pbnQ"));
    vec![PinEvent::Placed { booking_id, point, at: at(0) }]
}

pub(super) fn zones() -> Vec<ZonesEvent> {
    let zones = Zone::of_degrees("Downtown", [53.53, 53.57, -113.53, -113.47]);
    vec![ZonesEvent::Replaced { zones: zones.into_iter().collect(), at: at(0) }]
}
