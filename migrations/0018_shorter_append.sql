-- parent: 0017
-- log.append and log.append_alone as in 0003, with fewer and shorter statements: setting up a statement is most of what
-- a small batch costs. What they promise, and their arguments, stay the same.

-- Parsed again for every statement that inserts. The only writer counts up from the head, and the chain covers both.
alter table events drop constraint events_position_check, drop constraint events_sequence_check;

set local role cleaning_definer;

create or replace function log.append(
    p_orgs uuid[],
    p_org uuid[], p_type text[], p_id text[], p_expected integer[], p_command uuid[], p_fingerprint bytea[],
    p_metadata text[], p_at bigint[],
    e_cmd integer[], e_type text[], e_version text[], e_payload text[], e_digest bytea[],
    c_cmd integer[], c_scope text[], c_value text[], c_take boolean[],
    r_cmd integer[],
    s_cmd integer[], s_resource uuid[], s_from bigint[], s_until bigint[],
    n_cmd integer[], n_subject uuid[], n_version integer[], n_wrapped bytea[],
    u_cmd integer[], u_subject uuid[],
    x_cmd integer[], x_subject uuid[],
    out o_status integer[], out o_position bigint[], out o_version integer[], out o_id text[], out o_detail text[])
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    v_epoch constant timestamptz := 'epoch';
    v_micro constant interval := interval '1 microsecond';
    v_alone constant boolean := cardinality(p_orgs) = 1;
    h_org uuid[]; h_position bigint[]; h_hash bytea[]; h_at bigint[];
    n_position bigint[]; n_sequence integer[]; n_hash bytea[]; n_at bigint[];
    v_now bigint; v_at bigint; v_position bigint; v_hash bytea; v_head integer := 0; v_org uuid; c integer;
    v_set uuid := tenant.current_org();
    v_each boolean := cardinality(u_cmd) = cardinality(p_org);
    v_hit record;
begin
    if v_set is not null and p_orgs <> array[v_set] then
        raise exception 'this transaction belongs to another organisation' using errcode = 'insufficient_privilege';
    end if;

    -- 1. One lock per organisation, always in the same order: lanes and processes cannot deadlock.
    if v_alone then
        select array[l.org_id], array[l.position], array[l.hash], array[l.recorded_at]
        into h_org, h_position, h_hash, h_at
        from log_heads l where l.org_id = p_orgs[1] for no key update;
    else
        select array_agg(h.org_id), array_agg(h.position), array_agg(h.hash), array_agg(h.recorded_at)
        into h_org, h_position, h_hash, h_at
        from (select l.org_id, l.position, l.hash, l.recorded_at from log_heads l
              where l.org_id = any (p_orgs) order by l.org_id for no key update) h;
    end if;
    v_now := (extract(epoch from clock_timestamp()) * 1000000)::bigint;

    -- 2. Every check of every command, in a statement of its own: its snapshot is younger than the locks. Nearly every
    -- command is about exactly one person, who is then looked up with it.
    for i in 1 .. cardinality(u_cmd) loop
        exit when not v_each;
        v_each := u_cmd[i] = i;
    end loop;
    select array_agg(t.status), array_agg(t.position), array_agg(t.version), array_agg(t.id)
    into o_status, o_position, o_version, o_id
    from (select q.i,
                 case when k.fingerprint = q.fingerprint then 2
                      when k.fingerprint is not null then 3
                      when q.expected <> coalesce(v.sequence, 0) then 1
                      when v_each and p.known is null then 6
                      else 0 end as status,
                 coalesce(k.position, 0) as position,
                 coalesce(k.version, v.sequence, 0) as version,
                 coalesce(k.aggregate_id, q.id) as id
          from unnest(p_org, p_type, p_id, p_expected, p_command, p_fingerprint)
               with ordinality q (org, type, id, expected, command, fingerprint, i)
          left join lateral (select m.fingerprint, m.position, m.version, m.aggregate_id from commands m
                             where m.org_id = q.org and m.command_id = q.command limit 1) k on true
          left join lateral (select e.sequence from events e
                             where e.org_id = q.org and e.aggregate_id = q.id and e.aggregate_type = q.type
                             order by e.sequence desc limit 1) v on true
          -- Not as `exists`: planned while there is hardly anybody, that would hash every person there is for every batch.
          left join lateral (select true as known from subject_keys s
                             where s.org_id = q.org and s.subject_id = u_subject[q.i] limit 1) p on v_each
          order by q.i) t;
    o_detail := array_fill(null::text, array[cardinality(p_org)]);

    if cardinality(h_org) is distinct from cardinality(p_orgs) then
        for i in 1 .. cardinality(p_org) loop
            if h_org is null or not p_org[i] = any (h_org) then o_status[i] := 7; end if;
        end loop;
    end if;
    if cardinality(u_cmd) > 0 and not v_each then
        for v_hit in
            select u.cmd from unnest(u_cmd, u_subject) u (cmd, subject)
            where not exists (select 1 from subject_keys s where s.org_id = p_org[u.cmd] and s.subject_id = u.subject)
        loop
            if o_status[v_hit.cmd] = 0 then o_status[v_hit.cmd] := 6; end if;
        end loop;
    end if;
    if cardinality(c_cmd) > 0 then
        for v_hit in
            select x.cmd, x.scope from unnest(c_cmd, c_scope, c_value, c_take) x (cmd, scope, value, take)
            where x.take and exists (select 1 from claims m where m.org_id = p_org[x.cmd] and m.scope = x.scope
                                     and m.value = x.value and not (m.aggregate_id = p_id[x.cmd] and m.aggregate_type = p_type[x.cmd]))
        loop
            if o_status[v_hit.cmd] = 0 then o_status[v_hit.cmd] := 4; o_detail[v_hit.cmd] := v_hit.scope; end if;
        end loop;
    end if;
    if cardinality(s_cmd) > 0 then
        for v_hit in
            select x.cmd, json_build_object('resource', x.resource, 'kind', m.aggregate_type, 'reference', m.aggregate_id,
                                            'starts_at', lower(m.during), 'ends_at', upper(m.during))::text as detail
            from unnest(s_cmd, s_resource, s_from, s_until) x (cmd, resource, from_at, until_at)
            join slots m on m.org_id = p_org[x.cmd] and m.resource = x.resource
                        and m.during && tstzrange(v_epoch + x.from_at * v_micro, v_epoch + x.until_at * v_micro)
            where not (x.cmd = any (r_cmd) and m.aggregate_id = p_id[x.cmd] and m.aggregate_type = p_type[x.cmd])
        loop
            if o_status[v_hit.cmd] = 0 then o_status[v_hit.cmd] := 5; o_detail[v_hit.cmd] := v_hit.detail; end if;
        end loop;
    end if;
    if not (0 = any (o_status)) then return; end if;

    -- 3. Positions and the chain. Refused commands take no position, so there is never a hole.
    n_position := array_fill(null::bigint, array[cardinality(e_cmd)]);
    n_sequence := array_fill(null::integer, array[cardinality(e_cmd)]);
    n_hash := array_fill(null::bytea, array[cardinality(e_cmd)]);
    n_at := array_fill(null::bigint, array[cardinality(e_cmd)]);
    for i in 1 .. cardinality(e_cmd) loop
        c := e_cmd[i];
        if o_status[c] = 0 then
            if v_org is distinct from p_org[c] then
                if v_head > 0 then h_position[v_head] := v_position; h_hash[v_head] := v_hash; h_at[v_head] := v_at; end if;
                v_org := p_org[c];
                v_head := array_position(h_org, v_org);
                v_position := h_position[v_head]; v_hash := h_hash[v_head]; v_at := h_at[v_head];
            end if;
            v_position := v_position + 1;
            v_at := greatest(v_at, coalesce(p_at[c], v_now));
            v_hash := sha256(v_hash || int8send(v_position) || int8send(v_at) || e_digest[i]);
            o_version[c] := o_version[c] + 1;
            o_position[c] := v_position;
            n_position[i] := v_position; n_sequence[i] := o_version[c]; n_hash[i] := v_hash; n_at[i] := v_at;
        end if;
    end loop;
    if v_head > 0 then h_position[v_head] := v_position; h_hash[v_head] := v_hash; h_at[v_head] := v_at; end if;
    -- A command that decided nothing new answers with where the log stands.
    for i in 1 .. cardinality(p_org) loop
        if o_status[i] = 0 and o_position[i] = 0 then o_position[i] := h_position[array_position(h_org, p_org[i])]; end if;
    end loop;

    -- 4. Set-based writes.
    with written as (
        insert into events (org_id, position, recorded_at, sequence, aggregate_type, aggregate_id, event_type,
                            event_version, payload, metadata, hash)
        select p_org[x.cmd], x.position, v_epoch + x.at * v_micro, x.sequence, p_type[x.cmd], p_id[x.cmd], x.type,
               x.version, x.payload::json, p_metadata[x.cmd]::json, x.hash
        from unnest(e_cmd, n_position, n_at, n_sequence, e_type, e_version, e_payload, n_hash)
             x (cmd, position, at, sequence, type, version, payload, hash)
        where x.position is not null)
    insert into commands (org_id, command_id, fingerprint, position, version, aggregate_type, aggregate_id, recorded_at)
    select q.org, q.command, q.fingerprint, q.position, q.version, q.type, q.id,
           v_epoch + coalesce(q.at, v_now) * v_micro
    from unnest(p_org, p_command, p_fingerprint, o_position, o_version, p_type, p_id, p_at, o_status)
         q (org, command, fingerprint, position, version, type, id, at, status)
    where q.status = 0;

    if cardinality(c_cmd) > 0 then
        delete from claims m using unnest(c_cmd, c_scope, c_value, c_take) x (cmd, scope, value, take)
        where not x.take and o_status[x.cmd] = 0 and m.org_id = p_org[x.cmd] and m.scope = x.scope and m.value = x.value
          and m.aggregate_id = p_id[x.cmd] and m.aggregate_type = p_type[x.cmd];
        insert into claims (org_id, scope, value, aggregate_type, aggregate_id)
        select p_org[x.cmd], x.scope, x.value, p_type[x.cmd], p_id[x.cmd]
        from unnest(c_cmd, c_scope, c_value, c_take) x (cmd, scope, value, take)
        where x.take and o_status[x.cmd] = 0
        on conflict (org_id, scope, value) do update set value = excluded.value
            where claims.aggregate_id = excluded.aggregate_id and claims.aggregate_type = excluded.aggregate_type;
    end if;
    if cardinality(r_cmd) > 0 then
        delete from slots m using unnest(r_cmd) x (cmd)
        where o_status[x.cmd] = 0 and m.org_id = p_org[x.cmd]
          and m.aggregate_id = p_id[x.cmd] and m.aggregate_type = p_type[x.cmd];
    end if;
    if cardinality(s_cmd) > 0 then
        insert into slots (org_id, resource, during, aggregate_type, aggregate_id)
        select p_org[x.cmd], x.resource, tstzrange(v_epoch + x.from_at * v_micro, v_epoch + x.until_at * v_micro),
               p_type[x.cmd], p_id[x.cmd]
        from unnest(s_cmd, s_resource, s_from, s_until) x (cmd, resource, from_at, until_at)
        where o_status[x.cmd] = 0;
    end if;
    if cardinality(n_cmd) > 0 then
        insert into subject_keys (org_id, subject_id, master_version, wrapped)
        select p_org[x.cmd], x.subject, x.version, x.wrapped
        from unnest(n_cmd, n_subject, n_version, n_wrapped) x (cmd, subject, version, wrapped)
        where o_status[x.cmd] = 0;
    end if;
    if cardinality(x_cmd) > 0 then
        delete from subject_keys m using unnest(x_cmd, x_subject) x (cmd, subject)
        where o_status[x.cmd] = 0 and m.org_id = p_org[x.cmd] and m.subject_id = x.subject;
    end if;

    if v_alone then
        update log_heads h set position = v_position, hash = v_hash, recorded_at = v_at
        where h.org_id = p_orgs[1] and h.position < v_position;
        return;
    end if;
    update log_heads h set position = x.position, hash = x.hash, recorded_at = x.at
    from unnest(h_org, h_position, h_hash, h_at) x (org, position, hash, at)
    where h.org_id = x.org and h.position <> x.position;
end $$;

create or replace function log.append_alone(
    p_org uuid, p_type text, p_id text, p_expected integer, p_command uuid, p_fingerprint bytea, p_metadata text, p_at bigint,
    e_type text[], e_version text[], e_payload text[], e_digest bytea[], u_subject uuid[],
    out o_status integer, out o_position bigint, out o_version integer, out o_id text)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    v_micro constant interval := interval '1 microsecond';
    h record; k record; v_now bigint; v_at bigint; v_hash bytea;
begin
    if tenant.current_org() <> p_org then
        raise exception 'this transaction belongs to another organisation' using errcode = 'insufficient_privilege';
    end if;
    o_id := p_id;
    select l.position, l.hash, l.recorded_at into h from log_heads l where l.org_id = p_org for no key update;
    if not found then
        o_status := 7; o_position := 0; o_version := 0;
        return;
    end if;
    -- The three checks in one statement, younger than the lock.
    select c.fingerprint, c.position, c.version, c.aggregate_id, coalesce(e.sequence, 0) as sequence,
           u_subject = '{}' or exists (select 1 from subject_keys s where s.org_id = p_org and s.subject_id = u_subject[1]) as known
    into k
    from (values (1)) one
    left join lateral (select m.fingerprint, m.position, m.version, m.aggregate_id from commands m
                       where m.org_id = p_org and m.command_id = p_command) c on true
    left join lateral (select v.sequence from events v
                       where v.org_id = p_org and v.aggregate_id = p_id and v.aggregate_type = p_type
                       order by v.sequence desc limit 1) e on true;
    if k.fingerprint is not null then
        o_status := case when k.fingerprint = p_fingerprint then 2 else 3 end;
        o_position := k.position; o_version := k.version; o_id := k.aggregate_id;
        return;
    end if;
    o_version := k.sequence;
    o_position := 0;
    if o_version <> p_expected then
        o_status := 1;
        return;
    end if;
    if not k.known then
        o_status := 6;
        return;
    end if;
    for i in 2 .. cardinality(u_subject) loop
        perform 1 from subject_keys s where s.org_id = p_org and s.subject_id = u_subject[i];
        if not found then
            o_status := 6;
            return;
        end if;
    end loop;

    v_now := coalesce(p_at, (extract(epoch from clock_timestamp()) * 1000000)::bigint);
    v_at := greatest(h.recorded_at, v_now);
    v_hash := h.hash;
    o_position := h.position;
    for i in 1 .. cardinality(e_type) loop
        o_position := o_position + 1;
        o_version := o_version + 1;
        v_hash := sha256(v_hash || int8send(o_position) || int8send(v_at) || e_digest[i]);
        insert into events (org_id, position, recorded_at, sequence, aggregate_type, aggregate_id, event_type, event_version,
                            payload, metadata, hash)
        values (p_org, o_position, 'epoch'::timestamptz + v_at * v_micro, o_version, p_type, p_id, e_type[i], e_version[i],
                e_payload[i]::json, p_metadata::json, v_hash);
    end loop;
    insert into commands (org_id, command_id, fingerprint, position, version, aggregate_type, aggregate_id, recorded_at)
    values (p_org, p_command, p_fingerprint, o_position, o_version, p_type, p_id, 'epoch'::timestamptz + v_now * v_micro);
    if o_position > h.position then
        update log_heads l set position = o_position, hash = v_hash, recorded_at = v_at where l.org_id = p_org;
    end if;
    o_status := 0;
end $$;

set local role cleaning_owner;
