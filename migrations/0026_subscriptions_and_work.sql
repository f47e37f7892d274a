-- parent: 0025
-- Visits that come again and again, each with what became of its days; how long people worked at visits, and why longer.

create table read.subscription_list (
    org_id          uuid not null,
    subscription_id uuid not null,
    client_id       uuid not null,
    status          text collate "C" not null,
    next_run        date not null,
    created_at      timestamptz not null,
    updated_at      timestamptz not null,
    version         integer not null,
    position        bigint not null,
    state           json not null,   -- personal values stay sealed and are not shown in lists
    primary key (org_id, subscription_id)
);
create index subscription_list_made on read.subscription_list (org_id, created_at, subscription_id);
create index subscription_list_next on read.subscription_list (org_id, next_run);
create index subscription_list_client on read.subscription_list (org_id, client_id);

create table read.subscription_visits (
    org_id          uuid not null,
    subscription_id uuid not null,
    date            date not null,
    booking_id      uuid,            -- null where nobody came
    reason          text collate "C",
    at              timestamptz not null,
    position        bigint not null,
    primary key (org_id, subscription_id, position)
);

create table read.work_times (
    org_id     uuid not null,
    booking_id uuid not null,
    state      text collate "C" not null,
    started_at timestamptz not null,
    version    integer not null,
    position   bigint not null,
    session    json not null,   -- as its aggregate folds it; nothing personal stands in it
    primary key (org_id, booking_id)
);
create index work_times_start on read.work_times (org_id, started_at, booking_id);

create table read.reason_log (
    org_id     uuid not null,
    position   bigint not null,
    reason_id  uuid,
    booking_id uuid not null,
    kind       text collate "C" not null,
    code       text collate "C" not null,
    note       json,            -- sealed, and opened when read
    made_by    text,
    at         timestamptz not null,
    primary key (org_id, position)
);
create index reason_log_time on read.reason_log (org_id, at, position);

do $$
declare t text;
begin
    foreach t in array array['read.subscription_list', 'read.subscription_visits', 'read.work_times', 'read.reason_log'] loop
        execute format('call tenant.protect(%L)', t);
        execute format('grant select on %s to cleaning_app, cleaning_auditor', t);
        execute format('grant select, insert, update, delete on %s to cleaning_worker', t);
    end loop;
end $$;
