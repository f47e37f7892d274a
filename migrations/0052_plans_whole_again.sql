-- parent: 0051
-- 0030 left out the days that 0025 holds teams to: here is all of it. And jobs let transfers begin, so what the portal holds
-- workers to may change with their commands too.
set local role cleaning_definer;

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
        when 'plan.free' then
            update plan_usage set used = greatest(used - (c ->> 'less')::bigint, 0)
            where org_id = p_org and counted = c ->> 'counted';
            continue;
        else
            raise exception 'plan.apply does not know %', c ->> 'do';
        end case;
        if v_used > (c ->> 'limit')::bigint then
            raise exception '%', c ->> 'counted' using errcode = 'PL402';
        end if;
    end loop;
end $$;

grant execute on function portal.apply(uuid, jsonb) to cleaning_worker;
set local role cleaning_owner;
