-- parent: 0025
-- Visits that come again and again: each subscription as its aggregate folds it, and what became of each of its days.

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

do $$
declare t text;
begin
    foreach t in array array['read.subscription_list', 'read.subscription_visits'] loop
        execute format('call tenant.protect(%L)', t);
        execute format('grant select on %s to cleaning_app, cleaning_auditor', t);
        execute format('grant select, insert, update, delete on %s to cleaning_worker', t);
    end loop;
end $$;
