-- parent: 0071
-- Facts that reports are made of. Rows say from which position of the log on they held, and until which; so a report is
-- made as of any position with the same statements.

-- What a visit was, from `position` on and before `until`.
create table read.visit_versions (
    org_id                uuid not null,
    booking_id            uuid not null,
    position              bigint not null,
    until                 bigint,
    requested_at          timestamptz not null,
    confirmed_at          timestamptz,
    completed_at          timestamptz,
    cancelled_at          timestamptz,
    -- Of the events that say so, and of the one that placed it last.
    requested_position    bigint not null,
    confirmed_position    bigint,
    completed_position    bigint,
    cancelled_position    bigint,
    placed_position       bigint not null,
    starts_at             timestamptz not null,
    ends_at               timestamptz not null,
    status                text collate "C" not null,
    team_id               uuid not null,
    crew                  uuid[] not null,
    client_id             uuid,
    lead_id               uuid,
    address_id            uuid,
    service               text collate "C",
    total_cents           bigint,
    base_cents            bigint,
    planned_minutes       integer not null,
    actual_minutes        integer,
    addon_ids             uuid[] not null,
    addon_qty             integer[] not null,
    addon_cents           bigint[] not null,
    primary key (org_id, booking_id, position)
);
create index visit_versions_start on read.visit_versions (org_id, starts_at);
create index visit_versions_request on read.visit_versions (org_id, requested_at);
create index visit_versions_end on read.visit_versions (org_id, completed_at) where completed_at is not null;
create index visit_versions_confirmed on read.visit_versions (org_id, confirmed_at) where confirmed_at is not null;
create index visit_versions_cancelled on read.visit_versions (org_id, cancelled_at) where cancelled_at is not null;

-- What an invoice was, likewise.
create table read.invoice_versions (
    org_id       uuid not null,
    invoice_id   uuid not null,
    position     bigint not null,
    until        bigint,
    number       text collate "C" not null,
    order_id     uuid,
    customer_id  uuid,
    issue_date   date not null,
    due_date     date,
    currency     text collate "C" not null,
    total_cents  bigint not null,
    tax_cents    bigint not null,
    issued_at    timestamptz,
    voided_at    timestamptz,
    -- What was credited so far, for the day on which it does not count any more.
    credit_at    timestamptz[] not null,
    credit_cents bigint[] not null,
    credit_tax   bigint[] not null,
    primary key (org_id, invoice_id, position)
);

-- Amounts, each added once and never changed. `day` is the day an amount belongs to where somebody said it; otherwise it is
-- the day of `at` on the clock of the organisation.
create table read.money_facts (
    org_id       uuid not null,
    position     bigint not null,
    line         integer not null,
    kind         text collate "C" not null,
    at           timestamptz not null,
    day          date,
    invoice_id   uuid,
    booking_id   uuid,
    payment_id   text collate "C",
    currency     text collate "C",
    amount_cents bigint not null,
    tax_cents    bigint not null,
    primary key (org_id, position, line)
);
create index money_facts_at on read.money_facts (org_id, at) where day is null;
create index money_facts_day on read.money_facts (org_id, day) where day is not null;
create index money_facts_invoice on read.money_facts (org_id, invoice_id);

-- Payments, each once, by hand or by card, of an invoice or before a visit.
create table read.payment_facts (
    org_id         uuid not null,
    payment_id     text collate "C" not null,
    position       bigint not null,
    invoice_id     uuid,
    booking_id     uuid,
    currency       text collate "C",
    amount_cents   bigint not null,
    received_at    timestamptz,
    -- What went back, as the provider tells and as the invoice says: the greater of both is true.
    told_cents     bigint not null,
    written_cents  bigint not null,
    refunded_cents bigint not null,
    -- Its id, and those by which the provider knows it, a line for each.
    search         text not null,
    primary key (org_id, payment_id)
);

-- What somebody who asked for an offer was, from `position` on and before `until`.
create table read.lead_versions (
    org_id             uuid not null,
    lead_id            uuid not null,
    position           bigint not null,
    until              bigint,
    submitted_at       timestamptz not null,
    submitted_position bigint not null,
    lost_at            timestamptz,
    lost_position      bigint,
    -- Readable, and therefore wiped when the person is erased.
    source             text,
    path               text,
    loss_reason        text,
    estimate_cents     bigint not null,
    labor_cents        bigint not null,
    primary key (org_id, lead_id, position)
);
create index lead_versions_submitted on read.lead_versions (org_id, submitted_at);
create index lead_versions_lost on read.lead_versions (org_id, lost_at) where lost_at is not null;

-- Offers, each when it was sent first.
create table read.offer_facts (
    org_id   uuid not null,
    quote_id uuid not null,
    lead_id  uuid not null,
    position bigint not null,
    at       timestamptz not null,
    primary key (org_id, quote_id)
);
create index offer_facts_at on read.offer_facts (org_id, at);

-- What customers said of visits.
create table read.review_facts (
    org_id     uuid not null,
    position   bigint not null,
    client_id  uuid not null,
    booking_id uuid,
    rating     integer not null,
    at         timestamptz not null,
    primary key (org_id, position)
);
create index review_facts_at on read.review_facts (org_id, at);

-- Clients who turned out to be others.
create table read.merge_facts (
    org_id    uuid not null,
    client_id uuid not null,
    into_id   uuid not null,
    position  bigint not null,
    primary key (org_id, client_id, position)
);

-- What people and their addresses were called, from `position` on and before `until`; wiped when a person is erased.
create table read.name_versions (
    org_id     uuid not null,
    subject_id uuid not null,
    position   bigint not null,
    until      bigint,
    name       text not null,
    primary key (org_id, subject_id, position)
);
create table read.address_versions (
    org_id     uuid not null,
    address_id uuid not null,
    position   bigint not null,
    until      bigint,
    subject_id uuid not null,
    label      text not null,
    primary key (org_id, address_id, position)
);
create index address_versions_subject on read.address_versions (org_id, subject_id);

do $$
declare t text;
begin
    foreach t in array array['read.visit_versions', 'read.invoice_versions', 'read.money_facts', 'read.payment_facts',
        'read.lead_versions', 'read.offer_facts', 'read.review_facts', 'read.merge_facts', 'read.name_versions',
        'read.address_versions'] loop
        execute format('call tenant.protect(%L)', t);
        execute format('grant select on %s to cleaning_app, cleaning_auditor', t);
        execute format('grant select, insert, update, delete on %s to cleaning_worker', t);
    end loop;
end $$;
