-- parent: 0006
-- Many streams in one round trip, for loads that come together.
--
-- Arrays are in step, one entry per request; `request` counts from 1. On every row stands the key of the person the
-- stream is about, if its id is that person's.
create function log.streams(p_org uuid[], p_type text[], p_id text[], p_until integer[], p_subject uuid[])
returns table (request integer, sequence integer, event_type text, event_version text, payload text,
               master_version integer, wrapped bytea)
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
    v_set constant uuid := tenant.current_org();
begin
    if v_set is not null and not v_set = all (p_org) then
        raise exception 'this transaction belongs to another organisation' using errcode = 'insufficient_privilege';
    end if;
    return query
    select q.i::integer, e.sequence, e.event_type, e.event_version, e.payload::text, k.master_version, k.wrapped
    from unnest(p_org, p_type, p_id, p_until, p_subject) with ordinality q (org, type, id, until, subject, i)
    join events e on e.org_id = q.org and e.aggregate_id = q.id and e.aggregate_type = q.type and e.sequence <= q.until
    left join subject_keys k on k.org_id = q.org and k.subject_id = q.subject;
end $$;
revoke all on function log.streams(uuid[], text[], text[], integer[], uuid[]) from public;
grant execute on function log.streams(uuid[], text[], text[], integer[], uuid[]) to cleaning_app, cleaning_worker;
alter function log.streams(uuid[], text[], text[], integer[], uuid[]) owner to cleaning_definer;

drop function log.stream(uuid, text, text, integer, uuid);

-- Payloads are unpacked whenever history is read or proven; LZ4 does that several times faster than the default. A server
-- built without it keeps the default.
do $$
begin
    alter table events alter column payload set compression lz4;
exception when feature_not_supported then
    raise notice 'this server has no LZ4: payloads are compressed by pglz';
end $$;
