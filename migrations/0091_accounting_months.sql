-- parent: 0090
-- The invoices of each month that is over, as an accountant takes them. The file is written in the transaction that appends the
-- event with its digest: there is none without the other, and one of each for a month.

create table public.accounting_exports (
    org_id       uuid not null references public.organizations,
    month        date not null check (extract(day from month) = 1),
    generated_at timestamptz not null,
    row_count    bigint not null,
    sha256       text collate "C" not null,
    csv          text not null,
    primary key (org_id, month)
);
call tenant.protect('public.accounting_exports');
call tenant.open_to_definer('public.accounting_exports');
grant select on public.accounting_exports to cleaning_app, cleaning_worker, cleaning_auditor;

set local role cleaning_definer;

-- As in 0090, and files of months, last: what is refused has written none.
create or replace function books.apply(p_org uuid, p_changes jsonb) returns void
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
    -- Whoever was second noted nothing, and the file of the first stays.
    insert into accounting_exports (org_id, month, generated_at, row_count, sha256, csv)
    select p_org, (c ->> 'month')::date, (c ->> 'generated_at')::timestamptz, (c ->> 'row_count')::bigint, c ->> 'sha256',
           c ->> 'csv'
    from jsonb_array_elements(p_changes) c
    where c ->> 'do' = 'books.store_month'
    on conflict (org_id, month) do nothing;
end $$;

-- The organisations of which a month is not written yet.
create function books.unwritten(p_month date) returns table (org_id uuid, timezone text, created_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
    select o.org_id, o.timezone, o.created_at
    from organizations o
    where (tenant.current_org() is null or o.org_id = tenant.current_org())
      and not exists (select from accounting_exports x where x.org_id = o.org_id and x.month = p_month)
    order by o.org_id
$$;
revoke all on function books.unwritten(date) from public;
grant execute on function books.unwritten(date) to cleaning_worker;

set local role cleaning_owner;
