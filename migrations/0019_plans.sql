-- parent: 0018
-- What plans allow, held to in the transaction that adds to it: two requests at once cannot both take the last place,
-- because the log of an organisation is written by one transaction at a time.
create schema plan;
grant usage on schema plan to cleaning_app, cleaning_definer;
grant create on schema plan to cleaning_definer;

-- What adds up over a calendar month, UTC.
create table plan_usage (
    org_id  uuid not null references organizations,
    counted text not null,
    month   date not null,
    used    bigint not null check (used >= 0),
    primary key (org_id, counted, month)
);
call tenant.protect('plan_usage');
call tenant.open_to_definer('plan_usage');
grant select on plan_usage to cleaning_app;

-- How many workers are active.
create function plan.workers(p_org uuid) returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
    select count(*) from worker_logins w where w.org_id = p_org and w.is_active
$$;

-- Holds the organisation to its plan. SQLSTATE PL402 undoes the command; the message is the name of what there is too much of.
create function plan.apply(p_org uuid, p_changes jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare c jsonb; v_used bigint;
begin
    for c in select value from jsonb_array_elements(p_changes) loop
        case c ->> 'do'
        when 'plan.hold_workers' then
            v_used := plan.workers(p_org);
        when 'plan.add' then
            insert into plan_usage (org_id, counted, month, used)
            values (p_org, c ->> 'counted', (c ->> 'month')::date, (c ->> 'more')::bigint)
            on conflict (org_id, counted, month) do update set used = plan_usage.used + excluded.used
            returning used into v_used;
        else
            raise exception 'plan.apply does not know %', c ->> 'do';
        end case;
        if v_used > (c ->> 'limit')::bigint then
            raise exception '%', c ->> 'counted' using errcode = 'PL402';
        end if;
    end loop;
end $$;

revoke all on all functions in schema plan from public;
do $$
declare f regprocedure;
begin
    for f in select p.oid from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'plan' loop
        execute format('grant execute on function %s to cleaning_app, cleaning_definer', f);
        execute format('alter function %s owner to cleaning_definer', f);
    end loop;
end $$;

-- Plans last: they count what the others have just written.
create or replace function log.put_beside(p_org uuid, p_changes jsonb) returns void
language sql set search_path = public, pg_temp as $$
    select identity.apply(p_org, jsonb_agg(c)) from jsonb_array_elements(p_changes) c
    where c ->> 'do' not like 'portal.%' and c ->> 'do' not like 'plan.%' having count(*) > 0;
    select portal.apply(p_org, jsonb_agg(c)) from jsonb_array_elements(p_changes) c
    where c ->> 'do' like 'portal.%' having count(*) > 0;
    select plan.apply(p_org, jsonb_agg(c)) from jsonb_array_elements(p_changes) c
    where c ->> 'do' like 'plan.%' having count(*) > 0;
$$;
