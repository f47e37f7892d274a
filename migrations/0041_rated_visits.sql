-- parent: 0040
-- What customers said by the visit it was about, and by the day on which they said it: ratings of workers, teams and days.
create index client_feedback_visit on read.client_feedback (org_id, booking_id) where booking_id is not null;
create index client_feedback_day on read.client_feedback (org_id, at);
