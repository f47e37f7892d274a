-- parent: 0050
-- What is known about workers beside who they are, with whom they went out when, and how well they did.

alter table read.worker_list
    add column role          text,
    add column skills        text[] not null default '{}',
    add column rating_sum    bigint not null default 0,
    add column rating_count  integer not null default 0,
    add column rate_cents    bigint not null default 2500,
    -- Certificates that end and were not put away, and their last days.
    add column cert_ids      uuid[] not null default '{}',
    add column cert_ends     date[] not null default '{}';

create table read.worker_membership (
    org_id    uuid not null,
    worker_id uuid not null,
    position  bigint not null,
    team      integer,              -- null: sent out no more
    from_date date not null,        -- UTC, or the day that was said
    primary key (org_id, worker_id, position)
);
create table read.worker_reviews (
    org_id     uuid not null,
    worker_id  uuid not null,
    booking_id uuid not null,
    rating     integer not null,
    at         timestamptz not null,
    primary key (org_id, worker_id, booking_id)
);
do $$
declare t text;
begin
    foreach t in array array['read.worker_membership', 'read.worker_reviews'] loop
        execute format('call tenant.protect(%L)', t);
        execute format('grant select on %s to cleaning_app, cleaning_auditor', t);
        execute format('grant select, insert, update, delete on %s to cleaning_worker', t);
    end loop;
end $$;

-- Jobs let transfers begin, so what the portal holds workers to may change with their commands too.
set local role cleaning_definer;
grant execute on function portal.apply(uuid, jsonb) to cleaning_worker;
set local role cleaning_owner;
