-- parent: 0095
-- Whoever writes an invoice has read its visit: what happens to the visit until the invoice stands makes them read it again.
-- So no invoice misses a deposit, an extra or the price of calling off that came in between.

set local role cleaning_definer;

-- BK410: an invoice counts the deposit. BK411: the visit is not as the caller has read it.
create function books.hold(p_org uuid, p_changes jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare v_found text;
begin
    select min(m.value) into v_found
    from jsonb_array_elements(p_changes) c, claims m
    where c ->> 'do' = 'books.deposit_free'
      and m.org_id = p_org and m.scope = 'invoice.deposit' and m.value = c ->> 'payment_id';
    if v_found is not null then
        raise exception '%', v_found using errcode = 'BK410';
    end if;
    -- Two ways to say how the visit was: by what went back, for whom nothing else matters, and by its version.
    select min(c ->> 'booking_id') into v_found
    from jsonb_array_elements(p_changes) c
    where c ->> 'do' = 'books.hold_deposits'
      and (c ->> 'returns')::bigint <> (select count(*) from events e
                                        where e.org_id = p_org and e.aggregate_type = 'booking'
                                          and e.aggregate_id = c ->> 'booking_id' and e.event_type = 'deposit_returned')
       or c ->> 'do' = 'books.hold_visit'
      and (c ->> 'version')::bigint <> (select max(e.sequence) from events e
                                        where e.org_id = p_org and e.aggregate_type = 'booking'
                                          and e.aggregate_id = c ->> 'booking_id');
    if v_found is not null then
        raise exception '%', v_found using errcode = 'BK411';
    end if;
end $$;
revoke all on function books.hold(uuid, jsonb) from public;

-- As in 0091, with what is held in a function of its own.
create or replace function books.apply(p_org uuid, p_changes jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tenant.current_org() is not null and tenant.current_org() <> p_org then
        raise exception 'this transaction belongs to another organisation' using errcode = 'insufficient_privilege';
    end if;
    perform books.keep_open(p_org, p_changes);
    perform books.hold(p_org, p_changes);
    -- Whoever was second noted nothing, and the file of the first stays.
    insert into accounting_exports (org_id, month, generated_at, row_count, sha256, csv)
    select p_org, (c ->> 'month')::date, (c ->> 'generated_at')::timestamptz, (c ->> 'row_count')::bigint, c ->> 'sha256',
           c ->> 'csv'
    from jsonb_array_elements(p_changes) c
    where c ->> 'do' = 'books.store_month'
    on conflict (org_id, month) do nothing;
end $$;

set local role cleaning_owner;
