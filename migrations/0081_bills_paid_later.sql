-- parent: 0080
-- Bills that are paid on a later day than that of the expense. Visits of subscriptions that are not made are found by their day,
-- and facts about money by the visit they belong to.

alter table read.expense_list add column paid_on date;
create index expense_list_paid on read.expense_list (org_id, (coalesce(paid_on, occurred_on))) where payment_method is not null;

create index subscription_visits_skipped on read.subscription_visits (org_id, date) where booking_id is null;
create index subscription_visits_skipped_at on read.subscription_visits (org_id, at) where booking_id is null;

create index money_facts_booking on read.money_facts (org_id, booking_id) where booking_id is not null;
