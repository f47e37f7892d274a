-- parent: 0012
-- What staff tried that left no event: refusals, failed logins, reads that leave the system, work on the command line.
--
-- What was carried out is in the log and needs no second proof. These entries have a chain of their own, one per
-- organisation, and audit.note is the only writer.
create schema audit;
grant usage on schema audit to cleaning_app, cleaning_worker, cleaning_definer;
grant create on schema audit to cleaning_definer;

-- Where the chain of each organisation stands.
create table audit_heads (
    org_id     uuid primary key references organizations,
    number     bigint not null,
    hash       bytea not null,
    created_at timestamptz not null  -- never runs backwards
);

create table audit_attempts (
    org_id          uuid not null,
    number          bigint not null check (number > 0),
    audit_id        uuid not null,
    created_at      timestamptz not null,
    log_position    bigint not null,  -- where the log stood: the entry is younger than that event
    admin_role      text collate "C" not null,
    actor           text collate "C" not null,
    actor_user_id   uuid,
    action          text collate "C" not null,
    resource_type   text collate "C",
    resource_id     text collate "C",
    metadata        json not null,    -- json, not jsonb: the chain covers its exact text
    outcome         text collate "C" not null check (outcome in ('success', 'denied', 'rejected', 'error')),
    status_code     integer,
    request_id      text,
    correlation_id  text,
    client_ip       inet,
    user_agent_hash text collate "C",
    prev_hash       bytea not null,
    row_hash        bytea not null,
    primary key (org_id, number),
    unique (org_id, audit_id)
);
create index audit_attempts_recent on audit_attempts (org_id, created_at desc, log_position desc, number desc);
create index audit_attempts_resource on audit_attempts (org_id, resource_type, resource_id, created_at desc)
    where resource_id is not null;
create index audit_attempts_guide on audit_attempts ((org_id::text), created_at desc);

call tenant.protect('audit_heads');
call tenant.open_to_definer('audit_heads');
call tenant.protect('audit_attempts');
call tenant.open_to_definer('audit_attempts');
revoke delete, truncate on audit_heads from cleaning_definer;
revoke update, delete, truncate on audit_attempts from cleaning_definer;
grant select on audit_heads, audit_attempts to cleaning_app, cleaning_worker, cleaning_auditor;

-- Not even the owner of the table changes an entry.
create function audit.refuse() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
    raise exception 'entries of the audit log are neither changed nor emptied' using errcode = 'insufficient_privilege';
end $$;
create trigger audit_attempts_stay before update or truncate on audit_attempts
    for each statement execute function audit.refuse();

-- The owner removes old ones, once the log says so: the event is the tombstone.
create function audit.refuse_unannounced() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
    if exists (select from gone g
               where g.number > coalesce((select max((e.payload ->> 'through')::bigint) from events e
                                          where e.org_id = g.org_id and e.aggregate_id = g.org_id::text
                                            and e.aggregate_type = 'organisation' and e.event_type = 'audit_pruned'), 0)) then
        raise exception 'entries of the audit log are removed by "cleaning audit prune" only'
            using errcode = 'insufficient_privilege';
    end if;
    return null;
end $$;
create trigger audit_attempts_removed after delete on audit_attempts
    referencing old table as gone for each statement execute function audit.refuse_unannounced();

-- A field as the chain frames it: its length in bytes, or -1 for none, and the bytes.
create function audit.framed(p_text text) returns bytea language sql immutable parallel safe as $$
    select case when p_text is null then int8send(-1)
                else int8send(octet_length(convert_to(p_text, 'UTF8'))) || convert_to(p_text, 'UTF8') end
$$;

-- Adds entries to the chain of an organisation, in order. An entry that is there already is left out, so that whoever did
-- not hear the answer may come again.
create function audit.note(p_org uuid, p_entries json) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    e json; v_number bigint; v_hash bytea; v_previous bytea; v_at timestamptz; v_position bigint; v_log bytea; v_ip inet;
begin
    if tenant.current_org() is distinct from p_org then
        raise exception 'this transaction belongs to another organisation' using errcode = 'insufficient_privilege';
    end if;
    insert into audit_heads (org_id, number, hash, created_at)
    values (p_org, 0, sha256('cleaning.audit.1'::bytea || uuid_send(p_org)), 'epoch') on conflict do nothing;
    select h.number, h.hash, h.created_at into v_number, v_hash, v_at from audit_heads h where h.org_id = p_org for no key update;
    select l.position, l.hash into strict v_position, v_log from log_heads l where l.org_id = p_org;
    v_at := greatest(v_at, clock_timestamp());
    for e in select value from json_array_elements(p_entries) loop
        if exists (select from audit_attempts a where a.org_id = p_org and a.audit_id = (e ->> 'audit_id')::uuid) then
            continue;
        end if;
        v_number := v_number + 1;
        v_previous := v_hash;
        v_ip := (e ->> 'client_ip')::inet;
        v_hash := sha256(v_previous || int8send(v_number) || int8send((extract(epoch from v_at) * 1000000)::bigint)
            || int8send(v_position) || v_log
            || audit.framed(e ->> 'audit_id') || audit.framed(e ->> 'admin_role') || audit.framed(e ->> 'actor')
            || audit.framed(e ->> 'actor_user_id') || audit.framed(e ->> 'action') || audit.framed(e ->> 'resource_type')
            || audit.framed(e ->> 'resource_id') || audit.framed(e ->> 'metadata') || audit.framed(e ->> 'outcome')
            || audit.framed(e ->> 'status_code') || audit.framed(e ->> 'request_id') || audit.framed(e ->> 'correlation_id')
            || audit.framed(v_ip::text) || audit.framed(e ->> 'user_agent_hash'));
        insert into audit_attempts (org_id, number, audit_id, created_at, log_position, admin_role, actor, actor_user_id, action,
                                    resource_type, resource_id, metadata, outcome, status_code, request_id, correlation_id,
                                    client_ip, user_agent_hash, prev_hash, row_hash)
        values (p_org, v_number, (e ->> 'audit_id')::uuid, v_at, v_position, e ->> 'admin_role', e ->> 'actor',
                (e ->> 'actor_user_id')::uuid, e ->> 'action', e ->> 'resource_type', e ->> 'resource_id',
                (e ->> 'metadata')::json, e ->> 'outcome', (e ->> 'status_code')::integer, e ->> 'request_id',
                e ->> 'correlation_id', v_ip, e ->> 'user_agent_hash', v_previous, v_hash);
    end loop;
    update audit_heads h set number = v_number, hash = v_hash, created_at = v_at where h.org_id = p_org;
end $$;
revoke all on function audit.note(uuid, json), audit.framed(text), audit.refuse(), audit.refuse_unannounced() from public;
grant execute on function audit.framed(text) to cleaning_definer;
grant execute on function audit.note(uuid, json) to cleaning_app, cleaning_worker;
alter function audit.note(uuid, json) owner to cleaning_definer;

-- What events say of how they came in, and what they changed.
alter table read.audit_entries
    add column actor_user_id   uuid,
    add column status_code     integer,
    add column client_ip       inet,
    add column user_agent_hash text collate "C",
    add column before          jsonb,
    add column after           jsonb;

-- Both kinds in one order: by time, then by place. An entry that is no event has a number in its own chain.
create or replace view read.admin_audit_logs with (security_invoker = true) as
select audit_id, org_id::text as org_id, created_at, admin_role, actor, action, resource_type, resource_id, metadata,
       outcome, request_id, correlation_id, position, actor_user_id, status_code, client_ip, user_agent_hash, before, after,
       null::bytea as prev_hash, null::bytea as row_hash, 0::bigint as number
from read.audit_entries
union all
select audit_id, org_id::text, created_at, admin_role, actor, action, resource_type, resource_id, metadata::jsonb,
       outcome, request_id, correlation_id, log_position, actor_user_id, status_code, client_ip, user_agent_hash, null, null,
       prev_hash, row_hash, number
from public.audit_attempts;
