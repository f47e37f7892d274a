-- parent: 0008
-- What the work behind the API leaves behind: signs of life, periods that are taken, and what built each read model.

-- With which version of its projection a read model was built. Another version in the program means that the tables
-- must be made again; the switch of a rebuild writes it together with the tables.
create table projection_builds (
    projection text collate "C" primary key,
    version    integer not null,
    built_at   timestamptz not null default now()
);
-- Every read model there is was built by the first version: nothing else was ever released.
do $$
declare
    v_known text[];
begin
    set local role cleaning_definer;
    select array_agg(distinct projection) into v_known from projection_checkpoints where projection !~ '[.]rebuild$';
    set local role cleaning_owner;
    insert into projection_builds (projection, version) select p, 1 from unnest(v_known) p;
end $$;
grant select on projection_builds to cleaning_app, cleaning_worker, cleaning_auditor;
grant insert on projection_builds to cleaning_worker;

-- One row per job, whichever process runs it: the last one to say so. Of no organisation, and about nobody.
create table job_heartbeats (
    name                 text collate "C" primary key check (length(name) <= 64),
    runner_id            text not null check (length(runner_id) <= 128),
    last_heartbeat       timestamptz not null,
    last_success_at      timestamptz,
    consecutive_failures integer not null default 0,
    last_error           text check (length(last_error) <= 128),
    last_error_at        timestamptz
);
grant select on job_heartbeats to cleaning_app, cleaning_worker, cleaning_auditor;
grant insert, update on job_heartbeats to cleaning_worker;

-- Periodic work that was done, or is being done in the transaction that wrote the row: nobody does it twice.
create table job_runs (
    org_id      uuid not null,
    job         text collate "C" not null,
    period      text collate "C" not null,  -- its first instant
    runner_id   text not null,
    outcome     text collate "C" not null check (outcome in ('done', 'failed')),
    detail      text,
    finished_at timestamptz not null,
    primary key (org_id, job, period)
);
call tenant.protect('job_runs');
call tenant.open_to_definer('job_runs');
grant select on job_runs to cleaning_app, cleaning_auditor;
grant select, insert, update (outcome, detail), delete on job_runs to cleaning_worker;

-- Organisations with events that no checkpoint of this key covers, and whose turn in this period is not taken yet.
create function log.unsigned(p_key text, p_job text, p_period text) returns table (org_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select h.org_id
    from log_heads h
    where h.position > coalesce((select max(c.position) from chain_checkpoints c
                                 where c.org_id = h.org_id and c.key_id = p_key), 0)
      and not exists (select from job_runs r where r.org_id = h.org_id and r.job = p_job and r.period = p_period)
    order by h.org_id
$$;
revoke all on function log.unsigned(text, text, text) from public;
grant execute on function log.unsigned(text, text, text) to cleaning_worker;
-- Last, because after it only cleaning_definer could grant.
alter function log.unsigned(text, text, text) owner to cleaning_definer;
