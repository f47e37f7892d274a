-- parent: 0024
-- A team that takes only so many visits on a day is held to it in the transaction that takes the time of one more: two
-- requests at once cannot both have the last place.
set local role cleaning_definer;

-- Visits of a team that start in a span and are still to be made; those that are over have given their time back.
create function plan.visits(p_org uuid, p_team uuid, p_from timestamptz, p_until timestamptz) returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
    select count(*) from slots s
    where s.org_id = p_org and s.resource = p_team and s.aggregate_type = 'booking'
      and s.during && tstzrange(p_from, p_until) and lower(s.during) >= p_from
$$;
revoke all on function plan.visits(uuid, uuid, timestamptz, timestamptz) from public;
grant execute on function plan.visits(uuid, uuid, timestamptz, timestamptz) to cleaning_app;

-- As in 0019, and days: SQLSTATE PL409 undoes the command.
create or replace function plan.apply(p_org uuid, p_changes jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare c jsonb; v_used bigint;
begin
    for c in select value from jsonb_array_elements(p_changes) loop
        case c ->> 'do'
        when 'plan.hold_workers' then
            v_used := plan.workers(p_org);
        when 'plan.hold_day' then
            v_used := plan.visits(p_org, (c ->> 'team')::uuid, (c ->> 'from')::timestamptz, (c ->> 'until')::timestamptz);
            if v_used > (c ->> 'limit')::bigint then
                raise exception 'visits of a day' using errcode = 'PL409';
            end if;
            continue;
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

set local role cleaning_owner;

-- As in 0019. Only what is asked for is looked at, so that jobs, who make bookings too, need no right to anything but plans.
create or replace function log.put_beside(p_org uuid, p_changes jsonb) returns void
language plpgsql set search_path = public, pg_temp as $$
declare v_identity jsonb; v_portal jsonb; v_plan jsonb;
begin
    select jsonb_agg(c) filter (where c ->> 'do' not like 'portal.%' and c ->> 'do' not like 'plan.%'),
           jsonb_agg(c) filter (where c ->> 'do' like 'portal.%'),
           jsonb_agg(c) filter (where c ->> 'do' like 'plan.%')
    into v_identity, v_portal, v_plan
    from jsonb_array_elements(p_changes) c;
    if v_identity is not null then perform identity.apply(p_org, v_identity); end if;
    if v_portal is not null then perform portal.apply(p_org, v_portal); end if;
    -- Plans last: they count what the others have just written.
    if v_plan is not null then perform plan.apply(p_org, v_plan); end if;
end $$;
grant usage on schema plan to cleaning_worker;
grant execute on function log.put_beside(uuid, jsonb) to cleaning_worker;
set local role cleaning_definer;
grant execute on function plan.apply(uuid, jsonb) to cleaning_worker;
set local role cleaning_owner;
