-- parent: 0020
-- Visits: the list that staff search, and each as its aggregate folds it.

create table read.booking_list (
    org_id           uuid not null,
    booking_id       uuid not null,
    starts_at        timestamptz not null,
    ends_at          timestamptz not null,
    status           text collate "C" not null,
    team_id          uuid not null,
    lead_worker      uuid,
    crew             uuid[] not null,
    client_id        uuid,
    lead_id          uuid,
    -- Readable, and therefore wiped when the person is erased.
    customer_name    text not null,
    customer_email   text,
    customer_phone   text,
    service          text collate "C",
    total_cents      bigint,
    deposit_required boolean not null,
    deposit_cents    bigint,
    deposit_status   text collate "C",
    risk_band        text collate "C",
    origin           text collate "C" not null,
    created_at       timestamptz not null,
    updated_at       timestamptz not null,
    archived_at      timestamptz,
    version          integer not null,
    position         bigint not null,
    search           text not null,
    primary key (org_id, booking_id)
);
create index booking_list_start on read.booking_list (org_id, starts_at, booking_id);
create index booking_list_team on read.booking_list (org_id, team_id, starts_at);
create index booking_list_client on read.booking_list (org_id, client_id);
create index booking_list_lead on read.booking_list (org_id, lead_id);

-- Whom visits are for, so that a new one is listed with a name at once.
create table read.booking_customers (
    org_id     uuid not null,
    subject_id uuid not null,
    name       text not null,
    email      text,
    phone      text,
    primary key (org_id, subject_id)
);

create table read.booking_detail (
    org_id     uuid not null,
    booking_id uuid not null,
    version    integer not null,
    position   bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    state      json not null,   -- personal values stay sealed and are opened when read
    primary key (org_id, booking_id)
);

do $$
declare t text;
begin
    foreach t in array array['read.booking_list', 'read.booking_customers', 'read.booking_detail'] loop
        execute format('call tenant.protect(%L)', t);
        execute format('grant select on %s to cleaning_app, cleaning_auditor', t);
        execute format('grant select, insert, update, delete on %s to cleaning_worker', t);
    end loop;
end $$;
