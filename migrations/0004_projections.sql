-- parent: 0003
-- How far each read model has come in each log, and who may move it.

-- Ownership of a projection. A new owner has a higher term; checkpoint writes of older terms are refused.
create table projection_owners (
    projection  text primary key,
    owner       text not null,
    term        bigint not null,
    lease_until timestamptz not null
);

-- hash is the chain value computed by the reader itself: right only if it equals the log's at that position.
create table projection_checkpoints (
    org_id     uuid not null,
    projection text collate "C" not null,
    position   bigint not null,
    hash       bytea not null,
    term       bigint not null,
    halted     text,   -- why this log cannot be followed any further, if it cannot
    updated_at timestamptz not null default now(),
    primary key (org_id, projection)
) with (fillfactor = 50);

-- A stream that a projection stopped at; the others go on.
create table parked_streams (
    org_id         uuid not null,
    projection     text collate "C" not null,
    aggregate_type text collate "C" not null,
    aggregate_id   text collate "C" not null,
    position       bigint not null,
    reason         text not null,
    attempts       integer not null default 1,
    parked_at      timestamptz not null default now(),
    primary key (org_id, projection, aggregate_type, aggregate_id)
);

-- Events that a projection was told to leave out; rebuilds honour it.
create table skipped_events (
    org_id     uuid not null,
    projection text collate "C" not null,
    position   bigint not null,
    reason     text not null,
    skipped_at timestamptz not null default now(),
    primary key (org_id, projection, position)
);

do $$
declare t text;
begin
    foreach t in array array['projection_checkpoints', 'parked_streams', 'skipped_events'] loop
        execute format('call tenant.protect(%L)', t);
        execute format('call tenant.open_to_definer(%L)', t);
        execute format('grant select on %s to cleaning_app, cleaning_auditor', t);
        execute format('grant select, insert, update, delete on %s to cleaning_worker', t);
    end loop;
end $$;
grant select on projection_owners to cleaning_app, cleaning_auditor;
grant select, insert, update on projection_owners to cleaning_worker;

-- Where there is work: organisations whose log is ahead of a projection. Furthest behind in time first is not needed:
-- each gets one batch per turn.
create function log.lagging(p_projections text[])
returns table (org_id uuid, projection text, "position" bigint, head bigint, waiting_since timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
    select h.org_id, p.name, coalesce(c.position, 0), h.position,
           -- When the first event was appended that is not read yet: under constant load the newest says nothing.
           (select e.recorded_at from events e where e.org_id = h.org_id and e.position = coalesce(c.position, 0) + 1)
    from log_heads h
    cross join unnest(p_projections) p (name)
    left join projection_checkpoints c on c.org_id = h.org_id and c.projection = p.name
    where h.position > coalesce(c.position, 0) and c.halted is null
$$;

-- One row per projection and organisation that has a log, for `projections list` and the metrics.
create function log.progress(p_projections text[])
returns table (org_id uuid, projection text, "position" bigint, head bigint, waiting_since timestamptz, halted text, parked bigint)
language sql stable security definer set search_path = public, pg_temp as $$
    select h.org_id, p.name, coalesce(c.position, 0), h.position,
           (select e.recorded_at from events e where e.org_id = h.org_id and e.position = coalesce(c.position, 0) + 1),
           c.halted,
           (select count(*) from parked_streams s where s.org_id = h.org_id and s.projection = p.name)
    from log_heads h
    cross join unnest(p_projections) p (name)
    left join projection_checkpoints c on c.org_id = h.org_id and c.projection = p.name
$$;
revoke all on function log.lagging(text[]), log.progress(text[]) from public;
grant execute on function log.lagging(text[]), log.progress(text[]) to cleaning_app, cleaning_worker, cleaning_auditor;
-- Last, because after it only cleaning_definer could grant.
alter function log.lagging(text[]) owner to cleaning_definer;
alter function log.progress(text[]) owner to cleaning_definer;
