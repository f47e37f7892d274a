-- parent: 0004
-- What follows from events: outside actions and things to do later.

create table effects (
    org_id         uuid not null,
    effect_id      uuid not null,
    dedupe_key     text collate "C" not null,
    kind           text collate "C" not null,
    payload        json not null,   -- personal values sealed
    state          text not null default 'due'
                   check (state in ('due', 'leased', 'waiting', 'delivered', 'suppressed', 'dead', 'discarded')),
    reason         text,            -- why suppressed, dead or discarded; what went wrong last while waiting
    attempts       integer not null default 0,
    due_at         timestamptz not null,
    lease          uuid,            -- proves that the outcome is recorded by who claimed it
    leased_until   timestamptz,
    cause          bigint not null, -- position of the event it follows from
    correlation_id text not null,
    created_at     timestamptz not null,
    finished_at    timestamptz,
    primary key (org_id, effect_id),
    unique (org_id, dedupe_key)
);
create index effects_live on effects (due_at) where state in ('due', 'leased', 'waiting');
create index effects_recent on effects (org_id, created_at desc, effect_id desc);

create table timers (
    org_id         uuid not null,
    timer_key      text collate "C" not null,
    fires_at       timestamptz not null,
    aggregate_type text collate "C" not null,
    aggregate_id   text collate "C" not null,
    command        json not null,
    state          text not null default 'due' check (state in ('due', 'leased', 'fired', 'cancelled', 'dead')),
    attempts       integer not null default 0,
    reason         text,
    lease          uuid,
    leased_until   timestamptz,
    cause          bigint not null,
    correlation_id text not null,
    primary key (org_id, timer_key)
);
create index timers_live on timers (fires_at) where state in ('due', 'leased');

do $$
declare t text;
begin
    foreach t in array array['effects', 'timers'] loop
        execute format('call tenant.protect(%L)', t);
        execute format('call tenant.open_to_definer(%L)', t);
        execute format('grant select on %s to cleaning_app, cleaning_auditor', t);
        execute format('grant select, insert, update on %s to cleaning_worker', t);
    end loop;
end $$;

-- Claims due effects, at most p_each per organisation so that a busy one cannot starve the others. Claiming books the
-- end of the lease, so a crash while sending needs no clean-up: the effect is due again when the lease runs out.
create function log.claim_effects(p_lease uuid, p_now timestamptz, p_lease_seconds integer, p_each integer, p_limit integer)
returns setof effects
language sql security definer set search_path = public, pg_temp as $$
    with live as (
        select e.org_id, e.effect_id, e.due_at,
               row_number() over (partition by e.org_id order by e.due_at, e.effect_id) as turn
        from effects e
        where e.state in ('due', 'leased', 'waiting') and e.due_at <= p_now
    ), chosen as (
        select l.org_id, l.effect_id from live l where l.turn <= p_each order by l.turn, l.due_at limit p_limit
    ), locked as (
        select e.org_id, e.effect_id from effects e join chosen using (org_id, effect_id)
        where e.state in ('due', 'leased', 'waiting') and e.due_at <= p_now
        for update of e skip locked
    )
    update effects e
    set state = 'leased', attempts = e.attempts + 1, lease = p_lease,
        leased_until = p_now + p_lease_seconds * interval '1 second', due_at = p_now + p_lease_seconds * interval '1 second'
    from locked where e.org_id = locked.org_id and e.effect_id = locked.effect_id
    returning e.*
$$;

create function log.claim_timers(p_lease uuid, p_now timestamptz, p_lease_seconds integer, p_limit integer)
returns setof timers
language sql security definer set search_path = public, pg_temp as $$
    with locked as (
        select t.org_id, t.timer_key from timers t
        where (t.state = 'due' and t.fires_at <= p_now) or (t.state = 'leased' and t.leased_until <= p_now)
        order by t.fires_at limit p_limit
        for update of t skip locked
    )
    update timers t
    set state = 'leased', attempts = t.attempts + 1, lease = p_lease,
        leased_until = p_now + p_lease_seconds * interval '1 second'
    from locked where t.org_id = locked.org_id and t.timer_key = locked.timer_key
    returning t.*
$$;

create function log.effect_counts() returns table (state text, messages bigint, oldest_due timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
    select e.state, count(*), min(e.due_at) from effects e group by e.state
$$;
revoke all on function log.claim_effects(uuid, timestamptz, integer, integer, integer),
    log.claim_timers(uuid, timestamptz, integer, integer), log.effect_counts() from public;
grant execute on function log.claim_effects(uuid, timestamptz, integer, integer, integer),
    log.claim_timers(uuid, timestamptz, integer, integer) to cleaning_worker;
grant execute on function log.effect_counts() to cleaning_worker, cleaning_app;
-- Last, because after it only cleaning_definer could grant.
alter function log.claim_effects(uuid, timestamptz, integer, integer, integer) owner to cleaning_definer;
alter function log.claim_timers(uuid, timestamptz, integer, integer) owner to cleaning_definer;
alter function log.effect_counts() owner to cleaning_definer;
