-- parent: 0081
-- Visits of subscriptions that are not made are found by their day, and by the day on which that turned out.

create index subscription_visits_skipped on read.subscription_visits (org_id, date) where booking_id is null;
create index subscription_visits_skipped_at on read.subscription_visits (org_id, at) where booking_id is null;
