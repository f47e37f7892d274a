-- parent: 0083
-- A deposit that staff took counts for an invoice or is given back, never both: whichever comes second is refused in the
-- transaction that would write it, as with months that are closed.

-- BK409: the month is closed. BK410: an invoice counts the deposit. BK411: something was given back since the caller looked.
create function books.apply(p_org uuid, p_changes jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare v_counted text; v_returned text;
begin
    if tenant.current_org() is not null and tenant.current_org() <> p_org then
        raise exception 'this transaction belongs to another organisation' using errcode = 'insufficient_privilege';
    end if;
    perform books.keep_open(p_org, p_changes);
    select min(m.value) into v_counted
    from jsonb_array_elements(p_changes) c, claims m
    where c ->> 'do' = 'books.deposit_free'
      and m.org_id = p_org and m.scope = 'invoice.deposit' and m.value = c ->> 'payment_id';
    if v_counted is not null then
        raise exception '%', v_counted using errcode = 'BK410';
    end if;
    select min(c ->> 'booking_id') into v_returned
    from jsonb_array_elements(p_changes) c
    where c ->> 'do' = 'books.hold_deposits'
      and (c ->> 'returns')::bigint <> (select count(*) from events e
                                        where e.org_id = p_org and e.aggregate_type = 'booking'
                                          and e.aggregate_id = c ->> 'booking_id' and e.event_type = 'deposit_returned');
    if v_returned is not null then
        raise exception '%', v_returned using errcode = 'BK411';
    end if;
end $$;
revoke all on function books.apply(uuid, jsonb) from public;
grant execute on function books.apply(uuid, jsonb) to cleaning_app, cleaning_worker, cleaning_owner;
-- Last, because after it only cleaning_definer could grant.
alter function books.apply(uuid, jsonb) owner to cleaning_definer;

-- As in 0062, with every check of the books.
create or replace function log.put_beside(p_org uuid, p_changes jsonb) returns void
language plpgsql set search_path = public, pg_temp as $$
declare v_identity jsonb; v_portal jsonb; v_clients jsonb; v_plan jsonb; v_books jsonb;
begin
    select jsonb_agg(c) filter (where c ->> 'do' not like 'portal.%' and c ->> 'do' not like 'plan.%'
                                  and c ->> 'do' not like 'clients.%' and c ->> 'do' not like 'books.%'),
           jsonb_agg(c) filter (where c ->> 'do' like 'portal.%'),
           jsonb_agg(c) filter (where c ->> 'do' like 'clients.%'),
           jsonb_agg(c) filter (where c ->> 'do' like 'plan.%'),
           jsonb_agg(c) filter (where c ->> 'do' like 'books.%')
    into v_identity, v_portal, v_clients, v_plan, v_books
    from jsonb_array_elements(p_changes) c;
    if v_books is not null then perform books.apply(p_org, v_books); end if;
    if v_identity is not null then perform identity.apply(p_org, v_identity); end if;
    if v_portal is not null then perform portal.apply(p_org, v_portal); end if;
    if v_clients is not null then perform portal.merge_clients(p_org, v_clients); end if;
    -- Plans last: they count what the others have just written.
    if v_plan is not null then perform plan.apply(p_org, v_plan); end if;
end $$;
