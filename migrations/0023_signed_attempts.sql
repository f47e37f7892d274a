-- parent: 0022
-- A signed head also says where the chain of audit_attempts stood: whoever may write everything could otherwise cut off its end,
-- or make all of it anew, and nobody would know. The chains grow apart, so the same head of the log may be signed again.
alter table chain_checkpoints
    add column attempts_number bigint,
    add column attempts_hash bytea,
    add check ((attempts_number is null) = (attempts_hash is null)),
    drop constraint chain_checkpoints_pkey,
    add unique nulls not distinct (org_id, position, key_id, attempts_number);

set local role cleaning_definer;

create or replace function log.unsigned(p_key text, p_job text, p_period text) returns table (org_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select h.org_id
    from log_heads h
    where (h.position > coalesce((select max(c.position) from chain_checkpoints c
                                  where c.org_id = h.org_id and c.key_id = p_key), 0)
           or coalesce((select a.number from audit_heads a where a.org_id = h.org_id), 0)
              > coalesce((select max(c.attempts_number) from chain_checkpoints c
                          where c.org_id = h.org_id and c.key_id = p_key), 0))
      and not exists (select from job_runs r where r.org_id = h.org_id and r.job = p_job and r.period = p_period)
    order by h.org_id
$$;

set local role cleaning_owner;
