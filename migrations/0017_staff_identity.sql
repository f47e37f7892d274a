-- parent: 0014
-- The rest of who staff are: tokens of programs, break-glass, failed attempts, and what lets a process remember whom it
-- has seen and still refuse them with the very next request.

-- How often anything changed about somebody who acts. What was looked up at one generation holds as long as that does;
-- rows are never removed, so no generation comes twice. It says nothing about anybody: the application reads it itself,
-- with every request.
create table generations (
    principal  uuid primary key,
    generation bigint not null
) with (fillfactor = 50);
grant select, insert, update on generations to cleaning_definer;
grant select on generations to cleaning_app;

-- Secrets that programs act with, for the organisation, as far as whoever made them could.
create table api_tokens (
    org_id       uuid not null references organizations,
    token_id     uuid not null,
    token_hash   bytea not null unique,
    name         text not null,
    -- The member; null for a login that is none.
    created_by   uuid,
    -- What counts for a login that is none; of a member it is looked up.
    role         text not null,
    permissions  text[] not null,
    mfa          boolean not null,
    created_at   timestamptz not null,
    expires_at   timestamptz,
    last_used_at timestamptz,
    revoked_at   timestamptz,
    primary key (org_id, token_id)
);
create index api_tokens_maker on api_tokens (created_by);
call tenant.protect('api_tokens');
call tenant.open_to_definer('api_tokens');

-- Times in which writing is allowed although the installation is read-only.
create table break_glass (
    org_id     uuid not null references organizations,
    session_id uuid not null,
    token_hash bytea not null unique,
    started_by uuid not null,
    reason     text not null,
    started_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at   timestamptz,
    primary key (org_id, session_id)
);
call tenant.protect('break_glass');
call tenant.open_to_definer('break_glass');

-- Guesses that were wrong, or are being looked at, by the digest of what they are counted under. One table for all
-- processes; what a crash loses is forgotten in minutes anyway.
create unlogged table failed_attempts (
    key          bytea primary key,
    times        timestamptz[] not null,
    forgotten_at timestamptz not null
);
create index failed_attempts_forgotten on failed_attempts (forgotten_at);
grant select, insert, update, delete on failed_attempts to cleaning_definer;

create index sessions_of on sessions (org_id, user_id, family_id);

-- Functions here belong to who may see across organisations, from the start.
set local role cleaning_definer;

-- Changes that are not known to identity.apply itself have a function of their own, do_<name>.
create or replace function identity.apply(p_org uuid, p_changes jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare c jsonb; v_user uuid;
begin
    for c in select value from jsonb_array_elements(p_changes) loop
        v_user := (c ->> 'user_id')::uuid;
        case c ->> 'do'
        when 'put_user' then
            insert into users (user_id, email, password_hash, must_change_password, temporary_until)
            values (v_user, c ->> 'email', c ->> 'password_hash', true, (c ->> 'temporary_until')::timestamptz);
        when 'put_password' then
            update users set password_hash = c ->> 'password_hash',
                             must_change_password = c ->> 'temporary_until' is not null,
                             temporary_until = (c ->> 'temporary_until')::timestamptz
            where user_id = v_user;
        when 'put_membership' then
            insert into memberships (org_id, user_id, role, custom_role_id)
            values (p_org, v_user, c ->> 'role', (c ->> 'custom_role_id')::uuid)
            on conflict (org_id, user_id)
            do update set role = excluded.role, custom_role_id = excluded.custom_role_id;
        when 'end_membership' then
            update memberships set is_active = false where org_id = p_org and user_id = v_user;
        when 'put_role' then
            insert into custom_roles (org_id, role_id, permissions)
            values (p_org, (c ->> 'role_id')::uuid, array(select jsonb_array_elements_text(c -> 'permissions')))
            on conflict (org_id, role_id) do update set permissions = excluded.permissions;
        when 'delete_role' then
            update memberships set custom_role_id = null where org_id = p_org and custom_role_id = (c ->> 'role_id')::uuid;
            delete from custom_roles where org_id = p_org and role_id = (c ->> 'role_id')::uuid;
        when 'put_session' then
            insert into sessions (org_id, session_id, family_id, user_id, refresh_hash, mfa, started_at, expires_at, refresh_until)
            values (p_org, (c ->> 'session_id')::uuid, (c ->> 'family_id')::uuid, v_user, decode(c ->> 'refresh_hash', 'hex'),
                    (c ->> 'mfa')::boolean, (c ->> 'started_at')::timestamptz, (c ->> 'expires_at')::timestamptz,
                    (c ->> 'refresh_until')::timestamptz);
        when 'revoke_session' then
            update sessions set revoked_at = coalesce((c ->> 'at')::timestamptz, clock_timestamp()), revoked_reason = c ->> 'reason'
            where session_id = (c ->> 'session_id')::uuid and org_id = p_org and revoked_at is null;
        when 'revoke_family' then
            update sessions set revoked_at = coalesce((c ->> 'at')::timestamptz, clock_timestamp()), revoked_reason = c ->> 'reason'
            where family_id = (c ->> 'family_id')::uuid and org_id = p_org and revoked_at is null;
        when 'revoke_sessions' then
            update sessions set revoked_at = coalesce((c ->> 'at')::timestamptz, clock_timestamp()), revoked_reason = c ->> 'reason'
            where org_id = p_org and user_id = v_user and revoked_at is null;
        when 'enable_totp' then
            update users set totp_enabled = true,
                             recovery_hashes = coalesce((select array_agg(decode(h, 'hex'))
                                                         from jsonb_array_elements_text(c -> 'recovery_hashes') h), recovery_hashes)
            where user_id = v_user;
        when 'disable_totp' then
            update users set totp_enabled = false, totp_secret = null, recovery_hashes = '{}' where user_id = v_user;
        else
            execute format('select identity.%I($1, $2)', 'do_' || (c ->> 'do')) using p_org, c;
        end case;
    end loop;
end $$;

create function identity.do_put_api_token(p_org uuid, c jsonb) returns void language sql set search_path = public, pg_temp as $$
    insert into api_tokens (org_id, token_id, token_hash, name, created_by, role, permissions, mfa, created_at, expires_at)
    values (p_org, (c ->> 'token_id')::uuid, decode(c ->> 'token_hash', 'hex'), c ->> 'name', (c ->> 'created_by')::uuid,
            c ->> 'role', array(select jsonb_array_elements_text(c -> 'permissions')), (c ->> 'mfa')::boolean,
            (c ->> 'created_at')::timestamptz, (c ->> 'expires_at')::timestamptz)
$$;

create function identity.do_revoke_api_token(p_org uuid, c jsonb) returns void language sql set search_path = public, pg_temp as $$
    update api_tokens set revoked_at = (c ->> 'at')::timestamptz
    where org_id = p_org and token_id = (c ->> 'token_id')::uuid and revoked_at is null
$$;

create function identity.do_put_break_glass(p_org uuid, c jsonb) returns void language sql set search_path = public, pg_temp as $$
    insert into break_glass (org_id, session_id, token_hash, started_by, reason, started_at, expires_at)
    values (p_org, (c ->> 'session_id')::uuid, decode(c ->> 'token_hash', 'hex'), (c ->> 'started_by')::uuid, c ->> 'reason',
            (c ->> 'started_at')::timestamptz, (c ->> 'expires_at')::timestamptz)
$$;

create function identity.do_end_break_glass(p_org uuid, c jsonb) returns void language sql set search_path = public, pg_temp as $$
    update break_glass set ended_at = (c ->> 'at')::timestamptz
    where org_id = p_org and session_id = (c ->> 'session_id')::uuid and ended_at is null
$$;

-- Whatever a request is held to bumps the generation of whom it is about, in the same transaction; nobody has to think of it.
create function identity.bump() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    v_old constant jsonb := to_jsonb(old);
    v_who uuid[];
begin
    v_who := case tg_table_name
        when 'custom_roles' then array(select m.user_id from memberships m
                                       where m.org_id = (v_old ->> 'org_id')::uuid
                                         and m.custom_role_id = (v_old ->> 'role_id')::uuid
                                       order by 1)
        when 'api_tokens' then array[coalesce(v_old ->> 'created_by', v_old ->> 'token_id')::uuid]
        else array[(v_old ->> 'user_id')::uuid] end;
    insert into generations as g (principal, generation) select who, 1 from unnest(v_who) who
    on conflict (principal) do update set generation = g.generation + 1;
    return null;
end $$;
-- A session as a request is held to it, and the generation at which it looks so; none if its owner may not act any more.
drop function identity.session(uuid);
create function identity.session(p_session uuid)
returns table (org_id uuid, user_id uuid, family_id uuid, email text, role text, permissions text[], must_change_password boolean,
               mfa boolean, totp_enabled boolean, signed_in_at timestamptz, expires_at timestamptz, is_revoked boolean,
               generation bigint)
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
    return query
    select s.org_id, s.user_id, s.family_id, u.email, m.role, r.permissions, u.must_change_password, s.mfa, u.totp_enabled,
           (select min(f.started_at) from sessions f where f.family_id = s.family_id), s.expires_at, s.revoked_at is not null,
           coalesce((select g.generation from generations g where g.principal = s.user_id), 0)
    from sessions s
    join users u on u.user_id = s.user_id
    join memberships m on m.org_id = s.org_id and m.user_id = s.user_id and m.is_active
    left join custom_roles r on r.org_id = m.org_id and r.role_id = m.custom_role_id
    where s.session_id = p_session;
end $$;

-- The logins of a member that can still be found, newest first: each with the session it has come to.
create function identity.logins_of(p_org uuid, p_user uuid, p_before uuid, p_limit integer)
returns table (family_id uuid, started_at timestamptz, renewed_at timestamptz, refresh_until timestamptz, mfa boolean,
               revoked_at timestamptz, revoked_reason text)
language sql stable security definer set search_path = public, pg_temp as $$
    select f.family_id, f.started_at, s.started_at, s.refresh_until, s.mfa, s.revoked_at, s.revoked_reason
    from (select o.family_id, min(o.started_at) as started_at from sessions o
          where o.org_id = p_org and o.user_id = p_user and (p_before is null or o.family_id < p_before)
          group by o.family_id order by o.family_id desc limit p_limit) f
    cross join lateral (select l.* from sessions l where l.family_id = f.family_id
                        order by l.started_at desc, l.session_id desc limit 1) s
    order by f.family_id desc
$$;

-- The token of a program; none if the member who made it may not act any more.
create function identity.api_token(p_hash bytea)
returns table (org_id uuid, token_id uuid, name text, created_by uuid, role text, maker_permissions text[], permissions text[],
               mfa boolean, expires_at timestamptz, last_used_at timestamptz, is_revoked boolean, generation bigint)
language sql stable security definer set search_path = public, pg_temp as $$
    select t.org_id, t.token_id, t.name, t.created_by, coalesce(m.role, t.role), r.permissions, t.permissions, t.mfa, t.expires_at,
           t.last_used_at, t.revoked_at is not null,
           coalesce((select g.generation from generations g where g.principal = coalesce(t.created_by, t.token_id)), 0)
    from api_tokens t
    left join memberships m on m.org_id = t.org_id and m.user_id = t.created_by and m.is_active
    left join custom_roles r on r.org_id = m.org_id and r.role_id = m.custom_role_id
    where t.token_hash = p_hash and (t.created_by is null or m.user_id is not null)
$$;

create function identity.api_tokens(p_org uuid, p_before uuid, p_limit integer)
returns table (token_id uuid, name text, created_by uuid, permissions text[], created_at timestamptz, expires_at timestamptz,
               last_used_at timestamptz, revoked_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
    select t.token_id, t.name, t.created_by, t.permissions, t.created_at, t.expires_at, t.last_used_at, t.revoked_at
    from api_tokens t where t.org_id = p_org and (p_before is null or t.token_id < p_before)
    order by t.token_id desc limit p_limit
$$;

-- Coarse on purpose: a token that is used all the time is written down every few minutes.
create function identity.touch_api_token(p_org uuid, p_token uuid, p_now timestamptz, p_seconds integer) returns void
language sql security definer set search_path = public, pg_temp as $$
    update api_tokens set last_used_at = p_now
    where org_id = p_org and token_id = p_token
      and (last_used_at is null or last_used_at <= p_now - p_seconds * interval '1 second')
$$;

create function identity.break_glass(p_org uuid, p_hash bytea)
returns table (session_id uuid, reason text, expires_at timestamptz, ended_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
    select b.session_id, b.reason, b.expires_at, b.ended_at from break_glass b where b.org_id = p_org and b.token_hash = p_hash
$$;

create function identity.break_glasses(p_org uuid, p_before uuid, p_limit integer)
returns table (session_id uuid, started_by uuid, reason text, started_at timestamptz, expires_at timestamptz, ended_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
    select b.session_id, b.started_by, b.reason, b.started_at, b.expires_at, b.ended_at
    from break_glass b where b.org_id = p_org and (p_before is null or b.session_id < p_before)
    order by b.session_id desc limit p_limit
$$;

-- Counts one more attempt under a key, before it is known whether it is right, so that guesses sent all at once are counted
-- all. Returns until when whoever guesses has to wait; then nothing was counted.
create function identity.attempt(p_key bytea, p_allowed integer, p_seconds integer, p_now timestamptz) returns timestamptz
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    v_window constant interval := p_seconds * interval '1 second';
    v_times  timestamptz[];
begin
    delete from failed_attempts f
    where f.key in (select o.key from failed_attempts o where o.forgotten_at <= p_now limit 20 for update skip locked);
    insert into failed_attempts as f values (p_key, '{}', p_now + v_window)
    on conflict (key) do update set forgotten_at = greatest(f.forgotten_at, excluded.forgotten_at)
    returning array(select t from unnest(f.times) t where t > p_now - v_window order by t) into v_times;
    if cardinality(v_times) >= p_allowed then
        return v_times[cardinality(v_times) - p_allowed + 1] + v_window;
    end if;
    update failed_attempts f set times = v_times || p_now where f.key = p_key;
    return null;
end $$;

-- Takes back one attempt that was no guess, or, without a time, all of whoever knew in the end.
create function identity.take_back(p_key bytea, p_at timestamptz) returns void
language sql security definer set search_path = public, pg_temp as $$
    update failed_attempts f
    set times = case when p_at is not null and array_position(f.times, p_at) is not null
                     then f.times[:array_position(f.times, p_at) - 1] || f.times[array_position(f.times, p_at) + 1:]
                     when p_at is null then '{}' else f.times end
    where f.key = p_key
$$;

-- A hash of the same password that costs what the installation asks for now.
create function identity.rehash(p_user uuid, p_old text, p_new text) returns void
language sql security definer set search_path = public, pg_temp as $$
    update users set password_hash = p_new where user_id = p_user and password_hash = p_old
$$;

-- A secret that counts once a code of it was shown; false if there is one that counts already.
drop function identity.propose_totp(uuid, bytea);
create function identity.propose_totp(p_user uuid, p_secret bytea) returns boolean
language sql security definer set search_path = public, pg_temp as $$
    with proposed as (update users set totp_secret = p_secret, totp_step = 0
                      where user_id = p_user and not totp_enabled returning 1)
    select exists (select from proposed)
$$;

-- Secrets of second factors that are sealed under another version of the master key than this one.
create function identity.stale_totp(p_version integer, p_limit integer) returns table (user_id uuid, totp_secret bytea)
language sql stable security definer set search_path = public, pg_temp as $$
    select u.user_id, u.totp_secret from users u
    where u.totp_secret is not null and substring(u.totp_secret from 1 for 4) <> int4send(p_version)
    order by u.user_id limit p_limit
$$;

create function identity.reseal_totp(p_user uuid, p_old bytea, p_new bytea) returns void
language sql security definer set search_path = public, pg_temp as $$
    update users set totp_secret = p_new where user_id = p_user and totp_secret = p_old
$$;

-- Whether anybody could administer any organisation of this installation.
create function identity.has_owner() returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
    select exists (select from memberships m where m.is_active and m.role in ('owner', 'admin') and m.custom_role_id is null)
        or exists (select from staff_logins l where l.is_active and l.role in ('owner', 'admin'))
$$;

revoke all on all functions in schema identity from public;
grant execute on function identity.stale_totp(integer, integer), identity.reseal_totp(uuid, bytea, bytea) to cleaning_worker;
grant execute on function
    identity.session(uuid), identity.logins_of(uuid, uuid, uuid, integer), identity.api_token(bytea),
    identity.api_tokens(uuid, uuid, integer), identity.touch_api_token(uuid, uuid, timestamptz, integer),
    identity.break_glass(uuid, bytea), identity.break_glasses(uuid, uuid, integer),
    identity.attempt(bytea, integer, integer, timestamptz), identity.take_back(bytea, timestamptz),
    identity.rehash(uuid, text, text), identity.propose_totp(uuid, bytea), identity.has_owner()
    to cleaning_app;
grant execute on function identity.bump() to cleaning_owner;

set local role cleaning_owner;
grant usage on schema identity to cleaning_worker;

create trigger users_bump after update of email, must_change_password, totp_enabled or delete on users
    for each row execute function identity.bump();
create trigger memberships_bump after update or delete on memberships for each row execute function identity.bump();
create trigger custom_roles_bump after update or delete on custom_roles for each row execute function identity.bump();
create trigger sessions_bump after update of revoked_at or delete on sessions for each row execute function identity.bump();
create trigger api_tokens_bump after update of revoked_at or delete on api_tokens for each row execute function identity.bump();
