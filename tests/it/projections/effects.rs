//! What follows from events is asked for once, however often they are read.

use uuid::Uuid;

use super::leads::{at, life, sent, submitted};
use super::setting::{Setting, reader};
use domain::sales::lead::LeadEvent;

impl Setting {
    async fn timers(&self) -> Vec<(String, String, i64)> {
        sqlx::query_as("select state, fires_at::text, cause from timers order by timer_key")
            .fetch_all(&self.owner)
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn reading_the_log_again_asks_for_nothing_twice() {
    let setting = Setting::new().await;
    let mut log = setting.log().await;
    for lead in [Uuid::new_v4(), Uuid::new_v4()] {
        for event in life(lead) {
            log.lead(lead, &event).await;
        }
    }
    let count =
        "select count(*) from effects where kind = 'email.request_received' and state = 'due'";
    for _ in 0..2 {
        setting.settle(&[reader("effects")]).await;
        let effects: i64 = sqlx::query_scalar(count).fetch_one(&setting.owner).await.unwrap();
        assert_eq!((effects, setting.timers().await.len()), (2, 2));
        sqlx::query("delete from projection_checkpoints").execute(&setting.owner).await.unwrap();
        sqlx::query("update timers set state = 'fired'").execute(&setting.owner).await.unwrap();
    }
    assert!(setting.timers().await.iter().all(|timer| timer.0 == "fired"), "not armed again");
}

#[tokio::test]
async fn a_timer_moves_with_its_offer_and_ends_with_its_answer_however_the_log_is_cut() {
    let (lead, quote) = (Uuid::new_v4(), Uuid::new_v4());
    let declined = LeadEvent::QuoteDeclined { quote_id: quote.into(), at: at(4) };
    let events = [submitted(lead), sent(quote, Some(at(60))), sent(quote, Some(at(90))), declined];
    let mut ends = Vec::new();
    for cut in [false, true] {
        let setting = Setting::new().await;
        let mut log = setting.log().await;
        for event in &events {
            log.lead(lead, event).await;
            if cut {
                setting.settle(&[reader("effects")]).await;
            }
        }
        setting.settle(&[reader("effects")]).await;
        ends.push(setting.timers().await);
    }
    assert_eq!(ends[0], ends[1]);
    assert_eq!((ends[0][0].0.as_str(), ends[0][0].2), ("cancelled", 3));
}
