-- parent: 0010
-- Functions that see every organisation see one where one is set: their owner is held to it like everybody else.
--
-- They are for what comes before an organisation is known (who signs in, what is due). Called in a transaction that
-- belongs to one, with the id of another, they now find nothing and write nothing. The big tables of the log stay open to
-- them: the functions that use those compare the organisation themselves, once, instead of on every row.

-- Every name in full: types of one's own in pg_temp come before those of the server.
create or replace function tenant.current_org() returns uuid language sql stable parallel safe as $$
    select case when pg_catalog.current_setting('app.current_org_id', true)
                     operator(pg_catalog.~) '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
                then pg_catalog.current_setting('app.current_org_id', true)::pg_catalog.uuid end
$$;

-- Asked once a statement, not once a row.
create or replace procedure tenant.open_to_definer(p_table regclass) language plpgsql as $$
declare
    v_name text := (select relname from pg_class where oid = p_table);
begin
    execute format('create policy %I on %s to cleaning_definer using ((select tenant.current_org()) is null or org_id = (select tenant.current_org())) with check ((select tenant.current_org()) is null or org_id = (select tenant.current_org()))',
                   v_name || '_definer', p_table);
    execute format('grant select, insert, update, delete on %s to cleaning_definer', p_table);
end $$;

do $$
declare t text;
begin
    foreach t in array array['organizations', 'organization_hosts', 'staff_logins', 'log_heads', 'chain_checkpoints',
                             'projection_checkpoints', 'parked_streams', 'skipped_events', 'effects', 'timers', 'job_runs',
                             'memberships', 'custom_roles', 'sessions'] loop
        execute format('drop policy %I on %s', t || '_definer', t);
        execute format('call tenant.open_to_definer(%L)', t);
    end loop;
end $$;

-- People belong to no organisation, but where one is set, only its members are there.
alter table users enable row level security;
alter table users force row level security;
create policy users_definer on users to cleaning_definer
    using ((select tenant.current_org()) is null or exists (select from memberships m where m.user_id = users.user_id))
    with check (true);

-- Whoever is erased in one organisation and works in another as well still signs in there.
set local role cleaning_definer;
create or replace function identity.forget() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    delete from memberships where org_id = old.org_id and user_id = old.subject_id;
    delete from users u where u.user_id = old.subject_id
                          and not exists (select from memberships m where m.user_id = u.user_id);
    return null;
end $$;

-- As before, but planned once per connection: planning was most of what a request paid to be recognised.
create or replace function identity.session(p_session uuid)
returns table (org_id uuid, user_id uuid, family_id uuid, email text, role text, permissions text[], must_change_password boolean,
               mfa boolean, totp_enabled boolean, started_at timestamptz, expires_at timestamptz, is_revoked boolean)
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
    return query
    select s.org_id, s.user_id, s.family_id, u.email, m.role, r.permissions, u.must_change_password, s.mfa, u.totp_enabled,
           s.started_at, s.expires_at, s.revoked_at is not null
    from sessions s
    join users u on u.user_id = s.user_id
    join memberships m on m.org_id = s.org_id and m.user_id = s.user_id and m.is_active
    left join custom_roles r on r.org_id = m.org_id and r.role_id = m.custom_role_id
    where s.session_id = p_session;
end $$;
set local role cleaning_owner;

-- Before version 15 everybody could make things here.
revoke create on schema public from public;
