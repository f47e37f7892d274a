-- parent: 0007
-- Who may sign in: secrets beside the log, and what of its events every request is held to at once.
--
-- Nobody reads or writes these tables but the functions below. What follows from events is written by identity.apply, in
-- the transaction that appends them.
create schema identity;
grant usage on schema identity to cleaning_app, cleaning_definer;
grant create on schema identity to cleaning_definer;

-- People, in whatever organisations they work; without an organisation of their own.
create table users (
    user_id              uuid primary key,
    email                text not null unique,
    password_hash        text not null,
    must_change_password boolean not null,
    -- When a password for one use stops working.
    temporary_until      timestamptz,
    -- Sealed under the master key; not in use before a code was shown.
    totp_secret          bytea,
    totp_enabled         boolean not null default false,
    -- Codes of this time step and earlier are used up.
    totp_step            bigint not null default 0,
    recovery_hashes      bytea[] not null default '{}'
);
grant select, insert, update, delete on users to cleaning_definer;

create table memberships (
    org_id         uuid not null references organizations,
    user_id        uuid not null references users on delete cascade,
    role           text not null,
    custom_role_id uuid,
    is_active      boolean not null default true,
    primary key (org_id, user_id)
);
create index memberships_user on memberships (user_id);
call tenant.protect('memberships');
call tenant.open_to_definer('memberships');

create table custom_roles (
    org_id      uuid not null references organizations,
    role_id     uuid not null,
    permissions text[] not null,
    primary key (org_id, role_id)
);
call tenant.protect('custom_roles');
call tenant.open_to_definer('custom_roles');

-- A token names its session and nothing else: here the key cannot start with the organisation.
create table sessions (
    org_id          uuid not null,
    session_id      uuid primary key,
    family_id       uuid not null,
    user_id         uuid not null,
    refresh_hash    bytea not null unique,
    mfa             boolean not null,
    started_at      timestamptz not null,
    expires_at      timestamptz not null,
    refresh_until   timestamptz not null,
    revoked_at      timestamptz,
    revoked_reason  text,
    foreign key (org_id, user_id) references memberships on delete cascade
);
create index sessions_user on sessions (org_id, user_id) where revoked_at is null;
create index sessions_family on sessions (family_id);
create index sessions_over on sessions (refresh_until);
call tenant.protect('sessions');
call tenant.open_to_definer('sessions');

-- Carries out changes, each an object whose "do" names it. Times come with the changes, as everywhere.
create function identity.apply(p_org uuid, p_changes jsonb) returns void
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
            raise exception 'identity.apply does not know %', c ->> 'do';
        end case;
    end loop;
end $$;

-- Somebody by address, with every organisation they may act in.
create function identity.find_user(p_email text)
returns table (user_id uuid, password_hash text, must_change_password boolean, temporary_until timestamptz,
               totp_secret bytea, totp_enabled boolean, org_id uuid, role text)
language sql stable security definer set search_path = public, pg_temp as $$
    select u.user_id, u.password_hash, u.must_change_password, u.temporary_until, u.totp_secret, u.totp_enabled, m.org_id, m.role
    from users u left join memberships m on m.user_id = u.user_id and m.is_active
    where u.email = p_email
    order by m.org_id
    limit 100
$$;

-- A session as a request is held to it; none if its owner may not act any more.
create function identity.session(p_session uuid)
returns table (org_id uuid, user_id uuid, family_id uuid, email text, role text, permissions text[], must_change_password boolean,
               mfa boolean, totp_enabled boolean, started_at timestamptz, expires_at timestamptz, is_revoked boolean)
language sql stable security definer set search_path = public, pg_temp as $$
    select s.org_id, s.user_id, s.family_id, u.email, m.role, r.permissions, u.must_change_password, s.mfa, u.totp_enabled,
           s.started_at, s.expires_at, s.revoked_at is not null
    from sessions s
    join users u on u.user_id = s.user_id
    join memberships m on m.org_id = s.org_id and m.user_id = s.user_id and m.is_active
    left join custom_roles r on r.org_id = m.org_id and r.role_id = m.custom_role_id
    where s.session_id = p_session
$$;

-- The session that a refresh token belongs to, whatever became of it.
create function identity.refreshed(p_hash bytea)
returns table (session_id uuid, revoked_at timestamptz, revoked_reason text, refresh_until timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
    select s.session_id, s.revoked_at, s.revoked_reason, s.refresh_until from sessions s where s.refresh_hash = p_hash
$$;

-- The secrets of a member of the transaction's organisation.
create function identity.secrets(p_org uuid, p_user uuid)
returns table (password_hash text, totp_secret bytea, totp_enabled boolean)
language sql stable security definer set search_path = public, pg_temp as $$
    select u.password_hash, u.totp_secret, u.totp_enabled
    from users u join memberships m on m.user_id = u.user_id
    where u.user_id = p_user and m.org_id = p_org
$$;

-- A secret that counts once a code of it was shown.
create function identity.propose_totp(p_user uuid, p_secret bytea) returns void
language sql security definer set search_path = public, pg_temp as $$
    update users set totp_secret = p_secret where user_id = p_user and not totp_enabled
$$;

-- Uses up a time step; false if it, or a later one, was used before.
create function identity.use_step(p_user uuid, p_step bigint) returns boolean
language sql security definer set search_path = public, pg_temp as $$
    with used as (update users set totp_step = p_step where user_id = p_user and totp_step < p_step returning 1)
    select exists (select from used)
$$;

-- Uses up a recovery code; false if there is no such code any more.
create function identity.use_recovery(p_user uuid, p_hash bytea) returns boolean
language sql security definer set search_path = public, pg_temp as $$
    with used as (update users set recovery_hashes = array_remove(recovery_hashes, p_hash)
                  where user_id = p_user and p_hash = any (recovery_hashes) returning 1)
    select exists (select from used)
$$;

-- Who is erased can no longer sign in, and their address is gone.
create function identity.forget() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    delete from users where user_id = old.subject_id;
    return null;
end $$;
create trigger subject_keys_forget after delete on subject_keys for each row execute function identity.forget();

revoke all on all functions in schema identity from public;
do $$
declare f regprocedure;
begin
    for f in select p.oid from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'identity' loop
        execute format('grant execute on function %s to cleaning_app', f);
        execute format('alter function %s owner to cleaning_definer', f);
    end loop;
end $$;
