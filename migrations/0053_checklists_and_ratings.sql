-- parent: 0051
-- The checklists of all visits in one list, and whose visits were rated.

create table read.checklist_list (
    org_id     uuid not null,
    booking_id uuid not null,
    completed  boolean not null,
    started_at timestamptz not null,
    position   bigint not null,
    run        json not null,        -- as its aggregate folds it, without the words about its items
    primary key (org_id, booking_id)
);
create index checklist_list_start on read.checklist_list (org_id, started_at, booking_id);
call tenant.protect('read.checklist_list');
grant select on read.checklist_list to cleaning_app, cleaning_auditor;
grant select, insert, update, delete on read.checklist_list to cleaning_worker;
