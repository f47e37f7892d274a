-- parent: 0095
-- Whoever writes an invoice has read its visit: what happens to the visit until the invoice stands makes them read it again.
-- So no invoice misses a deposit, an extra or the price of calling off that came in between.
--
-- What went back of a deposit through an invoice that counted it. The visit hears of it a moment later, and the invoice may
-- count no more by then: whoever gives the rest back, or counts it, holds on to what stands here, in the same transaction.

create table public.deposit_refunds (
    org_id       uuid not null references public.organizations,
    payment_id   text collate "C" not null,
    refund_id    uuid not null,
    amount_cents bigint not null check (amount_cents > 0),
    primary key (org_id, payment_id, refund_id)
);
call tenant.protect('public.deposit_refunds');
call tenant.open_to_definer('public.deposit_refunds');
grant select on public.deposit_refunds to cleaning_app, cleaning_worker, cleaning_auditor;

set local role cleaning_definer;

insert into public.deposit_refunds
select e.org_id, e.payload ->> 'payment_id', (e.payload ->> 'refund_id')::uuid, (e.payload ->> 'amount_cents')::bigint
from public.events e
where e.aggregate_type = 'invoice' and e.event_type = 'payment_refunded' and e.payload ->> 'payment_id' like 'manual:%';

-- BK410: an invoice counts the deposit. BK411: the visit, or what went back of a deposit, is not as the caller has read it.
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
    -- A visit as it was: by what went back, for whom nothing else matters, or by its version. A deposit: by what went back of it.
    select min(coalesce(c ->> 'booking_id', c ->> 'payment_id')) into v_found
    from jsonb_array_elements(p_changes) c
    where (c ->> 'do' = 'books.hold_deposits'
           and (c ->> 'returns')::bigint <> (select count(*) from events e
                                             where e.org_id = p_org and e.aggregate_type = 'booking'
                                               and e.aggregate_id = c ->> 'booking_id' and e.event_type = 'deposit_returned'))
       or (c ->> 'do' = 'books.hold_visit'
           and (c ->> 'version')::bigint <> (select max(e.sequence) from events e
                                             where e.org_id = p_org and e.aggregate_type = 'booking'
                                               and e.aggregate_id = c ->> 'booking_id'))
       or (c ->> 'do' = 'books.hold_refunds'
           and (c ->> 'refunded_cents')::bigint <> (select coalesce(sum(r.amount_cents), 0) from deposit_refunds r
                                                    where r.org_id = p_org and r.payment_id = c ->> 'payment_id'));
    if v_found is not null then
        raise exception '%', v_found using errcode = 'BK411';
    end if;
end $$;
revoke all on function books.hold(uuid, jsonb) from public;

-- As in 0091, with what is held in a function of its own, and with what goes back of deposits.
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
    insert into deposit_refunds (org_id, payment_id, refund_id, amount_cents)
    select p_org, c ->> 'payment_id', (c ->> 'refund_id')::uuid, (c ->> 'amount_cents')::bigint
    from jsonb_array_elements(p_changes) c
    where c ->> 'do' = 'books.note_refund'
    on conflict do nothing;
end $$;

set local role cleaning_owner;
