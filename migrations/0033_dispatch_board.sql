-- parent: 0030
-- What the board of the dispatcher shows beside the list of visits; what was acknowledged and told from it, and when it moved.

create table read.dispatch_visits (
    org_id         uuid not null,
    booking_id     uuid not null,
    place          json,            -- where, in words; sealed, and opened when read
    pin            json,            -- where, on the map; sealed too
    started_at     timestamptz,
    actual_minutes integer,
    cancelled_at   timestamptz,
    cancelled_by   text collate "C",
    position       bigint not null,
    primary key (org_id, booking_id)
);
create index dispatch_visits_cancelled on read.dispatch_visits (org_id, cancelled_at) where cancelled_at is not null;

create table read.dispatch_acks (
    org_id   uuid not null,
    alert_id text collate "C" not null,
    until    timestamptz not null,
    position bigint not null,
    primary key (org_id, alert_id)
);
create index dispatch_acks_until on read.dispatch_acks (org_id, until);

create table read.dispatch_notices (
    org_id     uuid not null,
    notice_id  uuid not null,
    booking_id uuid not null,
    at         timestamptz not null,
    position   bigint not null,
    notice     json not null,       -- nothing personal stands in it
    primary key (org_id, notice_id)
);
create index dispatch_notices_recent on read.dispatch_notices (org_id, position);
create index dispatch_notices_booking on read.dispatch_notices (org_id, booking_id, position);

-- The last event after which a board looks different: whoever watches it asks again.
create table read.dispatch_moved (
    org_id   uuid not null primary key,
    position bigint not null
);

do $$
declare t text;
begin
    foreach t in array array['read.dispatch_visits', 'read.dispatch_acks', 'read.dispatch_notices', 'read.dispatch_moved'] loop
        execute format('call tenant.protect(%L)', t);
        execute format('grant select on %s to cleaning_app, cleaning_auditor', t);
        execute format('grant select, insert, update, delete on %s to cleaning_worker', t);
    end loop;
end $$;
