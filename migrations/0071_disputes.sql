-- parent: 0070
-- Disputes, each as its aggregate folds it.

create table read.dispute_list (
    org_id      uuid not null,
    dispute_id  uuid not null,
    status      text collate "C" not null,
    source      text collate "C" not null,
    booking_id  uuid,
    invoice_id  uuid,
    opened_at   timestamptz not null,
    version     integer not null,
    position    bigint not null,
    state       json not null,   -- personal values stay sealed and are opened when read
    primary key (org_id, dispute_id)
);
create index dispute_list_opened on read.dispute_list (org_id, opened_at, dispute_id);
create index dispute_list_booking on read.dispute_list (org_id, booking_id) where booking_id is not null;
create index dispute_list_invoice on read.dispute_list (org_id, invoice_id) where invoice_id is not null;
call tenant.protect('read.dispute_list');
grant select on read.dispute_list to cleaning_app, cleaning_auditor;
grant select, insert, update, delete on read.dispute_list to cleaning_worker;
