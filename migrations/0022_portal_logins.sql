-- parent: 0021
-- What signing in at a portal needs beside who may: blocked clients stay outside, sessions are listed and kept alive by being
-- used, and nobody gets in who was turned out in the same moment.
alter table client_logins add column is_blocked boolean not null default false;
alter table portal_sessions add column opened_at timestamptz;
alter table portal_links add column issued_at timestamptz;
create index portal_sessions_listed on portal_sessions (org_id, holder_id, session_id);

set local role cleaning_definer;

create or replace function portal.apply(p_org uuid, p_changes jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare c jsonb; v_worker uuid; v_client uuid; v_session uuid; v_holder uuid; v_at timestamptz;
begin
    for c in select value from jsonb_array_elements(p_changes) loop
        v_worker := (c ->> 'worker_id')::uuid; v_client := (c ->> 'client_id')::uuid;
        v_session := (c ->> 'session_id')::uuid; v_holder := (c ->> 'holder_id')::uuid; v_at := (c ->> 'at')::timestamptz;
        case c ->> 'do'
        when 'portal.put_worker' then
            insert into worker_logins (org_id, worker_id, phone, team)
            values (p_org, v_worker, c ->> 'phone', (c ->> 'team')::integer);
        when 'portal.put_phone' then
            update worker_logins set phone = c ->> 'phone' where org_id = p_org and worker_id = v_worker;
        when 'portal.put_password' then
            update worker_logins set password_hash = c ->> 'password_hash',
                                     temporary_until = (c ->> 'temporary_until')::timestamptz
            where org_id = p_org and worker_id = v_worker;
        when 'portal.move_worker' then
            update worker_logins set team = (c ->> 'team')::integer where org_id = p_org and worker_id = v_worker;
            perform portal.revoke(p_org, v_worker, 'team_moved', v_at);
        when 'portal.end_worker' then
            update worker_logins set is_active = false, password_hash = null, temporary_until = null
            where org_id = p_org and worker_id = v_worker;
            perform portal.revoke(p_org, v_worker, 'archived', v_at);
        when 'portal.restore_worker' then
            update worker_logins set is_active = true where org_id = p_org and worker_id = v_worker;
        when 'portal.put_client' then
            insert into client_logins (org_id, client_id, email) values (p_org, v_client, c ->> 'email')
            on conflict (org_id, client_id) do update set email = excluded.email;
            -- Whoever reads the mail of the old address is not necessarily the client any more.
            delete from portal_links where org_id = p_org and client_id = v_client;
        when 'portal.end_client' then
            update client_logins set is_active = false where org_id = p_org and client_id = v_client;
            delete from portal_links where org_id = p_org and client_id = v_client;
            perform portal.revoke(p_org, v_client, 'archived', v_at);
        when 'portal.restore_client' then
            update client_logins set is_active = true where org_id = p_org and client_id = v_client;
        when 'portal.block_client' then
            update client_logins set is_blocked = true where org_id = p_org and client_id = v_client;
            delete from portal_links where org_id = p_org and client_id = v_client;
            perform portal.revoke(p_org, v_client, 'blocked', v_at);
        when 'portal.unblock_client' then
            update client_logins set is_blocked = false where org_id = p_org and client_id = v_client;
        when 'portal.put_link' then
            delete from portal_links where org_id = p_org and client_id = v_client and expires_at <= v_at;
            -- To whom no link may be sent any more by now, none is.
            insert into portal_links (org_id, session_id, client_id, token_hash, sealed, expires_at, issued_at)
            select p_org, v_session, v_client, decode(c ->> 'token_hash', 'hex'), (c -> 'sealed')::json,
                   (c ->> 'expires_at')::timestamptz, v_at
            from client_logins l
            where l.org_id = p_org and l.client_id = v_client and l.is_active and not l.is_blocked;
        when 'portal.put_session' then
            delete from portal_links where org_id = p_org and session_id = v_session;
            -- Those that are over are nobody's any more.
            delete from portal_sessions where org_id = p_org and holder_id = v_holder and expires_at <= v_at;
            -- Whoever was turned out, or given another password or team, since they showed who they are, is not let in by it.
            insert into portal_sessions (org_id, session_id, kind, holder_id, team, token_hash, opened_at, expires_at,
                                         revoked_at, revoked_reason)
            select p_org, v_session, c ->> 'kind', v_holder, (c ->> 'team')::integer, decode(c ->> 'token_hash', 'hex'), v_at,
                   (c ->> 'expires_at')::timestamptz,
                   case when not may.come_in then v_at end, case when not may.come_in then 'turned_out' end
            from (select case c ->> 'kind'
                         when 'worker' then v_holder is null or exists (select from worker_logins w
                                                    where w.org_id = p_org and w.worker_id = v_holder and w.is_active
                                                      and w.team = (c ->> 'team')::integer
                                                      and w.password_hash = c ->> 'password_hash')
                         else exists (select from client_logins l where l.org_id = p_org and l.client_id = v_holder
                                                                    and l.is_active and not l.is_blocked)
                         end as come_in) may;
        when 'portal.revoke_session' then
            delete from portal_links where org_id = p_org and session_id = v_session;
            update portal_sessions set revoked_at = coalesce(v_at, clock_timestamp()), revoked_reason = c ->> 'reason'
            where org_id = p_org and session_id = v_session and revoked_at is null;
        when 'portal.revoke_all' then
            perform portal.revoke(p_org, v_holder, c ->> 'reason', v_at);
        else
            raise exception 'portal.apply does not know %', c ->> 'do';
        end case;
    end loop;
end $$;

-- A client who may be sent a link, by address, and how many are on their way to them. Bookings go on asking the one with two
-- arguments: who books is known even while they may not sign in.
create function portal.find_client(p_org uuid, p_email text, p_now timestamptz) returns table (client_id uuid, links bigint)
language sql stable security definer set search_path = public, pg_temp as $$
    select c.client_id, (select count(*) from portal_links l
                         where l.org_id = c.org_id and l.client_id = c.client_id and l.expires_at > p_now)
    from client_logins c
    where c.org_id = p_org and c.email = p_email and c.is_active and not c.is_blocked
$$;

-- The login that a link belongs to, as long as its client may sign in.
create or replace function portal.find_link(p_hash bytea) returns table (org_id uuid, session_id uuid, client_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select l.org_id, l.session_id, l.client_id
    from portal_links l
    join client_logins c on c.org_id = l.org_id and c.client_id = l.client_id and c.is_active and not c.is_blocked
    where l.token_hash = p_hash
$$;

-- The session that one of these belongs to, as long as it stands and its holder may sign in.
create or replace function portal.session(p_hashes bytea[])
returns table (org_id uuid, session_id uuid, kind text, holder_id uuid, team integer, must_change_password boolean,
               expires_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
    select s.org_id, s.session_id, s.kind, s.holder_id, s.team, w.temporary_until is not null, s.expires_at
    from portal_sessions s
    left join worker_logins w on s.kind = 'worker' and w.org_id = s.org_id and w.worker_id = s.holder_id
    left join client_logins c on s.kind = 'client' and c.org_id = s.org_id and c.client_id = s.holder_id
    where s.token_hash = any (p_hashes) and s.revoked_at is null
      and coalesce(w.is_active, c.is_active and not c.is_blocked, s.kind = 'worker' and s.holder_id is null)
$$;

-- Moves the end of a session that is being used.
create function portal.prolong(p_org uuid, p_session uuid, p_expires timestamptz) returns void
language sql security definer set search_path = public, pg_temp as $$
    update portal_sessions set expires_at = p_expires
    where org_id = p_org and session_id = p_session and revoked_at is null and expires_at < p_expires
$$;

-- The sessions of somebody that can still be found, and the links on their way, by id from the last.
create function portal.sessions_of(p_org uuid, p_holder uuid, p_before uuid, p_limit integer)
returns table (session_id uuid, is_link boolean, since timestamptz, expires_at timestamptz, revoked_at timestamptz,
               revoked_reason text)
language sql stable security definer set search_path = public, pg_temp as $$
    select * from (
        select s.session_id, false, s.opened_at, s.expires_at, s.revoked_at, s.revoked_reason
        from portal_sessions s where s.org_id = p_org and s.holder_id = p_holder
        union all
        select l.session_id, true, l.issued_at, l.expires_at, null, null
        from portal_links l where l.org_id = p_org and l.client_id = p_holder) a (session_id, is_link, since, expires_at, revoked_at,
                                                                                  revoked_reason)
    where p_before is null or a.session_id < p_before
    order by a.session_id desc limit p_limit
$$;

-- A hash of the same password that costs what the installation asks for now.
create function portal.rehash(p_org uuid, p_worker uuid, p_old text, p_new text) returns void
language sql security definer set search_path = public, pg_temp as $$
    update worker_logins set password_hash = p_new where org_id = p_org and worker_id = p_worker and password_hash = p_old
$$;

revoke all on function portal.find_client(uuid, text, timestamptz), portal.prolong(uuid, uuid, timestamptz),
    portal.sessions_of(uuid, uuid, uuid, integer), portal.rehash(uuid, uuid, text, text) from public;
grant execute on function portal.find_client(uuid, text, timestamptz), portal.prolong(uuid, uuid, timestamptz),
    portal.sessions_of(uuid, uuid, uuid, integer), portal.rehash(uuid, uuid, text, text) to cleaning_app;

set local role cleaning_owner;
