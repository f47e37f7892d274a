-- parent: none
-- Organisations and the rule that keeps them apart: row-level security, forced, on every table with an org_id.
create schema tenant;
create schema log;
create schema read;
create extension if not exists btree_gist;

grant usage on schema public, tenant, log, read to cleaning_app, cleaning_worker, cleaning_auditor, cleaning_definer;
-- Functions that must see every organisation belong to cleaning_definer, which owns nothing else.
grant create on schema tenant, log to cleaning_definer;

-- The organisation of this transaction; null, and so no row at all, when unset, blank or malformed.
create function tenant.current_org() returns uuid language sql stable parallel safe as $$
    select case when current_setting('app.current_org_id', true)
                     ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
                then current_setting('app.current_org_id', true)::uuid end
$$;

-- Every table with an org_id passes through here; what it leaves out, the coverage test finds.
create procedure tenant.protect(p_table regclass) language plpgsql as $$
declare
    v_name text := (select relname from pg_class where oid = p_table);
begin
    execute format('alter table %s enable row level security', p_table);
    execute format('alter table %s force row level security', p_table);
    execute format('create policy %I on %s using (org_id = tenant.current_org()) with check (org_id = tenant.current_org())',
                   v_name || '_org_isolation', p_table);
end $$;

-- Lets functions of cleaning_definer see across organisations; nobody can log in as that role.
create procedure tenant.open_to_definer(p_table regclass) language plpgsql as $$
declare
    v_name text := (select relname from pg_class where oid = p_table);
begin
    execute format('create policy %I on %s to cleaning_definer using (true) with check (true)',
                   v_name || '_definer', p_table);
    execute format('grant select, insert, update, delete on %s to cleaning_definer', p_table);
end $$;

create table organizations (
    org_id     uuid primary key,
    slug       text not null unique,
    name       text not null,
    timezone   text not null default 'America/Edmonton',
    created_at timestamptz not null default now()
);
call tenant.protect('organizations');
call tenant.open_to_definer('organizations');

-- Addresses under which the public reaches an organisation.
create table organization_hosts (
    org_id uuid not null references organizations,
    host   text not null unique,
    primary key (org_id, host)
);
call tenant.protect('organization_hosts');
call tenant.open_to_definer('organization_hosts');

-- Secrets of staff. A side table: events must stay printable for ever.
create table staff_logins (
    org_id        uuid not null references organizations,
    login_id      uuid not null,
    username      text not null,
    role          text not null check (role in ('owner', 'admin', 'dispatcher', 'accountant', 'finance', 'viewer', 'worker')),
    password_hash text not null,
    is_active     boolean not null default true,
    created_at    timestamptz not null default now(),
    primary key (org_id, login_id),
    unique (org_id, username)
);
-- Logging in starts from the name alone, before the organisation is known.
create index staff_logins_username on staff_logins (username);
call tenant.protect('staff_logins');
call tenant.open_to_definer('staff_logins');

grant select on organizations, organization_hosts to cleaning_app, cleaning_worker, cleaning_auditor;
grant select on staff_logins to cleaning_app;

create function tenant.organisations() returns table (org_id uuid, slug text, name text, timezone text)
language sql stable security definer set search_path = public, pg_temp as $$
    select o.org_id, o.slug, o.name, o.timezone from organizations o order by o.org_id
$$;

-- The organisation a public request is for: by host name, else by id or slug.
create function tenant.find_organisation(p_host text, p_key text) returns table (org_id uuid, slug text, name text, timezone text)
language sql stable security definer set search_path = public, pg_temp as $$
    select o.org_id, o.slug, o.name, o.timezone
    from organizations o
    where o.org_id = (select h.org_id from organization_hosts h where h.host = lower(p_host))
       or o.slug = p_key
       or o.org_id::text = p_key
    limit 1
$$;

-- Everyone who logs in under a name; the password decides which.
create function tenant.find_logins(p_username text)
returns table (org_id uuid, login_id uuid, role text, password_hash text)
language sql stable security definer set search_path = public, pg_temp as $$
    select l.org_id, l.login_id, l.role, l.password_hash
    from staff_logins l
    where l.username = p_username and l.is_active
    order by l.org_id
    limit 16
$$;

create function tenant.put_login(p_org uuid, p_login uuid, p_username text, p_role text, p_hash text) returns void
language sql security definer set search_path = public, pg_temp as $$
    insert into staff_logins (org_id, login_id, username, role, password_hash)
    values (p_org, p_login, p_username, p_role, p_hash)
    on conflict (org_id, username)
    do update set role = excluded.role, password_hash = excluded.password_hash, is_active = true
$$;

create function tenant.put_host(p_org uuid, p_host text) returns void
language sql security definer set search_path = public, pg_temp as $$
    insert into organization_hosts (org_id, host) values (p_org, lower(p_host)) on conflict do nothing
$$;

revoke all on all functions in schema tenant from public;
grant execute on function tenant.current_org() to public;
grant execute on function tenant.organisations() to cleaning_app, cleaning_worker, cleaning_auditor;
grant execute on function tenant.find_organisation(text, text), tenant.find_logins(text) to cleaning_app;
grant execute on function tenant.put_login(uuid, uuid, text, text, text), tenant.put_host(uuid, text) to cleaning_app;
-- Last, because after it only cleaning_definer could grant.
alter function tenant.organisations() owner to cleaning_definer;
alter function tenant.find_organisation(text, text) owner to cleaning_definer;
alter function tenant.find_logins(text) owner to cleaning_definer;
alter function tenant.put_login(uuid, uuid, text, text, text) owner to cleaning_definer;
alter function tenant.put_host(uuid, text) owner to cleaning_definer;
