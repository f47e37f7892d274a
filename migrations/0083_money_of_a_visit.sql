-- parent: 0082
-- The report of what a visit made asks for its money.

create index money_facts_booking on read.money_facts (org_id, booking_id) where booking_id is not null;
