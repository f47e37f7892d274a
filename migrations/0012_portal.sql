-- parent: 0016
-- Who may sign in at a portal: workers by phone and password, clients by a link that is sent to them.
--
-- As with identity: nobody reads or writes the side tables but the functions below, and what follows from events is written
-- by portal.apply in the transaction that appends them.
create schema portal;
grant usage on schema portal to cleaning_app, cleaning_worker, cleaning_definer;
grant create on schema portal to cleaning_definer;

-- The phone is readable because it is looked up; it goes with the person, see portal.forget.
create table worker_logins (
    org_id          uuid not null references organizations,
    worker_id       uuid not null,
    phone           text not null,
    team            integer not null,
    is_active       boolean not null default true,
    password_hash   text,
    -- When a password for one use stops working; null for one they chose.
    temporary_until timestamptz,
    primary key (org_id, worker_id),
    constraint worker_logins_phone unique (org_id, phone)
);
call tenant.protect('worker_logins');
call tenant.open_to_definer('worker_logins');

create table client_logins (
    org_id    uuid not null references organizations,
    client_id uuid not null,
    email     text not null,
    is_active boolean not null default true,
    primary key (org_id, client_id),
    constraint client_logins_email unique (org_id, email)
);
call tenant.protect('client_logins');
call tenant.open_to_definer('client_logins');

-- Links on their way; a link that was used is gone. What the mail needs, token included, is sealed under the client's key.
create table portal_links (
    org_id     uuid not null references organizations,
    session_id uuid not null,
    client_id  uuid not null,
    token_hash bytea not null unique,
    sealed     json not null,
    expires_at timestamptz not null,
    primary key (org_id, session_id)
);
create index portal_links_client on portal_links (org_id, client_id);
call tenant.protect('portal_links');
call tenant.open_to_definer('portal_links');

create table portal_sessions (
    org_id         uuid not null references organizations,
    session_id     uuid not null,
    kind           text not null check (kind in ('worker', 'client')),
    -- Null for the login that the environment gives a whole team.
    holder_id      uuid,
    team           integer,
    token_hash     bytea not null unique,
    expires_at     timestamptz not null,
    revoked_at     timestamptz,
    revoked_reason text,
    primary key (org_id, session_id)
);
create index portal_sessions_holder on portal_sessions (org_id, holder_id) where revoked_at is null;
create index portal_sessions_over on portal_sessions (expires_at);
call tenant.protect('portal_sessions');
call tenant.open_to_definer('portal_sessions');

-- Ends every session of somebody.
create function portal.revoke(p_org uuid, p_holder uuid, p_reason text, p_at timestamptz) returns void
language sql security definer set search_path = public, pg_temp as $$
    update portal_sessions set revoked_at = coalesce(p_at, clock_timestamp()), revoked_reason = p_reason
    where org_id = p_org and holder_id = p_holder and revoked_at is null
$$;

-- Carries out changes, each an object whose "do" names it.
create function portal.apply(p_org uuid, p_changes jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare c jsonb; v_worker uuid; v_client uuid; v_session uuid; v_at timestamptz;
begin
    for c in select value from jsonb_array_elements(p_changes) loop
        v_worker := (c ->> 'worker_id')::uuid; v_client := (c ->> 'client_id')::uuid;
        v_session := (c ->> 'session_id')::uuid; v_at := (c ->> 'at')::timestamptz;
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
        when 'portal.put_link' then
            delete from portal_links where org_id = p_org and client_id = v_client and expires_at <= v_at;
            insert into portal_links (org_id, session_id, client_id, token_hash, sealed, expires_at)
            values (p_org, v_session, v_client, decode(c ->> 'token_hash', 'hex'), (c -> 'sealed')::json,
                    (c ->> 'expires_at')::timestamptz);
        when 'portal.put_session' then
            delete from portal_links where org_id = p_org and session_id = v_session;
            -- Those that are over are nobody's any more.
            delete from portal_sessions
            where org_id = p_org and holder_id = (c ->> 'holder_id')::uuid and expires_at <= v_at;
            insert into portal_sessions (org_id, session_id, kind, holder_id, team, token_hash, expires_at)
            values (p_org, v_session, c ->> 'kind', (c ->> 'holder_id')::uuid, (c ->> 'team')::integer,
                    decode(c ->> 'token_hash', 'hex'), (c ->> 'expires_at')::timestamptz);
        when 'portal.revoke_session' then
            update portal_sessions set revoked_at = coalesce(v_at, clock_timestamp()), revoked_reason = c ->> 'reason'
            where org_id = p_org and session_id = v_session and revoked_at is null;
        when 'portal.revoke_all' then
            perform portal.revoke(p_org, (c ->> 'holder_id')::uuid, c ->> 'reason', v_at);
        else
            raise exception 'portal.apply does not know %', c ->> 'do';
        end case;
    end loop;
end $$;

-- A worker who may sign in, by phone.
create function portal.find_worker(p_org uuid, p_phone text)
returns table (worker_id uuid, team integer, password_hash text, temporary_until timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
    select w.worker_id, w.team, w.password_hash, w.temporary_until
    from worker_logins w
    where w.org_id = p_org and w.phone = p_phone and w.is_active and w.password_hash is not null
$$;

-- A worker who may sign in, by id.
create function portal.worker(p_org uuid, p_worker uuid) returns table (team integer, password_hash text)
language sql stable security definer set search_path = public, pg_temp as $$
    select w.team, w.password_hash
    from worker_logins w
    where w.org_id = p_org and w.worker_id = p_worker and w.is_active and w.password_hash is not null
$$;

-- A client who may be sent a link, by address.
create function portal.find_client(p_org uuid, p_email text) returns uuid
language sql stable security definer set search_path = public, pg_temp as $$
    select c.client_id from client_logins c where c.org_id = p_org and c.email = p_email and c.is_active
$$;

-- The login that a link belongs to.
create function portal.find_link(p_hash bytea) returns table (org_id uuid, session_id uuid, client_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select l.org_id, l.session_id, l.client_id from portal_links l where l.token_hash = p_hash
$$;

-- What the mail with a link needs, sealed; none once the link was used.
create function portal.link_to_send(p_org uuid, p_session uuid) returns json
language sql stable security definer set search_path = public, pg_temp as $$
    select l.sealed from portal_links l where l.org_id = p_org and l.session_id = p_session
$$;

-- The session that one of these belongs to, as long as it stands and its holder may sign in.
create function portal.session(p_hashes bytea[])
returns table (org_id uuid, session_id uuid, kind text, holder_id uuid, team integer, must_change_password boolean,
               expires_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
    select s.org_id, s.session_id, s.kind, s.holder_id, s.team, w.temporary_until is not null, s.expires_at
    from portal_sessions s
    left join worker_logins w on s.kind = 'worker' and w.org_id = s.org_id and w.worker_id = s.holder_id
    left join client_logins c on s.kind = 'client' and c.org_id = s.org_id and c.client_id = s.holder_id
    where s.token_hash = any (p_hashes) and s.revoked_at is null
      and coalesce(w.is_active, c.is_active, s.kind = 'worker' and s.holder_id is null)
$$;

-- Who is erased can no longer sign in, and nothing that was looked up by is left.
create function portal.forget() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    delete from worker_logins where org_id = old.org_id and worker_id = old.subject_id;
    delete from client_logins where org_id = old.org_id and client_id = old.subject_id;
    delete from portal_links where org_id = old.org_id and client_id = old.subject_id;
    delete from portal_sessions where org_id = old.org_id and holder_id = old.subject_id;
    return null;
end $$;
create trigger subject_keys_forget_portal after delete on subject_keys for each row execute function portal.forget();

revoke all on all functions in schema portal from public;
do $$
declare f regprocedure;
begin
    for f in select p.oid from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'portal' loop
        execute format('grant execute on function %s to cleaning_app', f);
        execute format('grant execute on function %s to cleaning_definer', f);
    end loop;
    grant execute on function portal.link_to_send(uuid, uuid) to cleaning_worker;
    for f in select p.oid from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'portal' loop
        execute format('alter function %s owner to cleaning_definer', f);
    end loop;
end $$;

-- What goes to side tables with the events of one command: "do" says whose it is.
create function log.put_beside(p_org uuid, p_changes jsonb) returns void
language sql set search_path = public, pg_temp as $$
    select identity.apply(p_org, jsonb_agg(c)) from jsonb_array_elements(p_changes) c
    where c ->> 'do' not like 'portal.%' having count(*) > 0;
    select portal.apply(p_org, jsonb_agg(c)) from jsonb_array_elements(p_changes) c
    where c ->> 'do' like 'portal.%' having count(*) > 0;
$$;
revoke all on function log.put_beside(uuid, jsonb) from public;
grant execute on function log.put_beside(uuid, jsonb) to cleaning_app;

-- The lists staff search; readable, and therefore wiped when a person is erased.
create table read.worker_list (
    org_id      uuid not null,
    worker_id   uuid not null,
    name        text not null,
    phone       text not null,
    email       text,
    team        integer not null,
    hired_at    timestamptz not null,
    archived_at timestamptz,
    version     integer not null,
    position    bigint not null,
    search      text not null,  -- in lower case as Unicode has it
    primary key (org_id, worker_id)
);
create index worker_list_newest on read.worker_list (org_id, hired_at desc, worker_id desc);

create table read.client_list (
    org_id        uuid not null,
    client_id     uuid not null,
    name          text not null,
    email         text not null,
    phone         text,
    is_blocked    boolean not null,
    registered_at timestamptz not null,
    archived_at   timestamptz,
    version       integer not null,
    position      bigint not null,
    search        text not null,
    primary key (org_id, client_id)
);
create index client_list_newest on read.client_list (org_id, registered_at desc, client_id desc);

do $$
declare t text;
begin
    foreach t in array array['read.worker_list', 'read.client_list'] loop
        execute format('call tenant.protect(%L)', t);
        execute format('grant select on %s to cleaning_app, cleaning_auditor', t);
        execute format('grant select, insert, update, delete on %s to cleaning_worker', t);
    end loop;
end $$;
