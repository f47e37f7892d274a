-- parent: 0040
-- What Stripe tells, each message once; nothing of the people who paid is kept. Which organisation a message concerns may be
-- found out later, so the table is reached by functions alone.
create schema payments;
grant usage on schema payments to cleaning_app, cleaning_worker;
-- Functions of cleaning_definer see across organisations.
grant usage, create on schema payments to cleaning_definer;

create table public.stripe_inbox (
    event_id     text collate "C" primary key,
    org_id       uuid,
    payload_hash bytea not null,
    kind         text collate "C" not null,
    notice       json not null,
    created_at   timestamptz not null,
    received_at  timestamptz not null,
    state        text collate "C" not null default 'received'
                 check (state in ('received', 'applied', 'ignored', 'parked', 'failed', 'dead')),
    attempts     integer not null default 0,
    due_at       timestamptz not null,
    reason       text,
    payment_id   text collate "C",
    invoice_id   text collate "C",
    booking_id   text collate "C"
);
create index stripe_inbox_due on public.stripe_inbox (due_at) where state in ('received', 'parked', 'failed');
create index stripe_inbox_org on public.stripe_inbox (org_id, created_at, event_id);
call tenant.protect('public.stripe_inbox');
call tenant.open_to_definer('public.stripe_inbox');

set local role cleaning_definer;

-- Takes a message in; says how it stands: new, differs, or the state in which it was left. One that was not brought to its end
-- is tried again under the same lease as by the jobs.
create function payments.receive(p_event text, p_hash bytea, p_kind text, p_notice text, p_created timestamptz,
    p_now timestamptz) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare v record;
begin
    insert into stripe_inbox (event_id, payload_hash, kind, notice, created_at, received_at, due_at)
    values (p_event, p_hash, p_kind, p_notice::json, p_created, p_now, p_now + interval '30 seconds')
    on conflict (event_id) do nothing;
    if found then return 'new'; end if;
    select i.payload_hash, i.state into v from stripe_inbox i where i.event_id = p_event;
    return case when v.payload_hash <> p_hash then 'differs' else v.state end;
end $$;

create function payments.settle(p_event text, p_state text, p_reason text, p_org uuid, p_payment text, p_invoice text,
    p_booking text, p_due timestamptz) returns void
language sql security definer set search_path = public, pg_temp as $$
    update stripe_inbox i
    set state = p_state, reason = p_reason, org_id = coalesce(p_org, i.org_id), payment_id = coalesce(p_payment, i.payment_id),
        invoice_id = coalesce(p_invoice, i.invoice_id), booking_id = coalesce(p_booking, i.booking_id),
        due_at = coalesce(p_due, i.due_at)
    where i.event_id = p_event and i.state not in ('applied', 'ignored')
$$;

-- Messages that wait for another attempt, leased for a while.
create function payments.due(p_now timestamptz, p_lease_seconds integer, p_limit integer)
returns table (event_id text, notice text, attempts integer)
language sql security definer set search_path = public, pg_temp as $$
    update stripe_inbox i
    set attempts = i.attempts + 1, due_at = p_now + make_interval(secs => p_lease_seconds)
    where i.event_id in (
        select w.event_id from stripe_inbox w
        where w.state in ('received', 'parked', 'failed') and w.due_at <= p_now
        order by w.due_at, w.event_id limit p_limit for update skip locked)
    returning i.event_id, i.notice::text, i.attempts
$$;

-- Which organisation has this aggregate, whoever asks.
create function payments.organisation_of(p_type text, p_id text) returns uuid
language sql stable security definer set search_path = public, pg_temp as $$
    select o.org_id from organizations o
    where exists (select 1 from events e where e.org_id = o.org_id and e.aggregate_type = p_type and e.aggregate_id = p_id)
    limit 1
$$;

-- Who holds an id of the provider.
create function payments.holder(p_reference text) returns table (org_id uuid, payment_id text)
language sql stable security definer set search_path = public, pg_temp as $$
    select c.org_id, c.aggregate_id from organizations o
    join claims c on c.org_id = o.org_id and c.scope = 'payment.reference' and c.value = p_reference
    limit 1
$$;

-- The messages about one organisation, the latest first.
create function payments.messages(p_org uuid, p_invoice text, p_booking text, p_state text, p_before timestamptz,
    p_before_id text, p_limit integer)
returns table (event_id text, kind text, created_at timestamptz, state text, reason text, payment_id text, invoice_id text,
               booking_id text, attempts integer)
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
    if tenant.current_org() is distinct from p_org then
        raise exception 'this transaction belongs to another organisation' using errcode = 'insufficient_privilege';
    end if;
    return query
    select i.event_id, i.kind, i.created_at, i.state, i.reason, i.payment_id, i.invoice_id, i.booking_id, i.attempts
    from stripe_inbox i
    where i.org_id = p_org and (p_invoice is null or i.invoice_id = p_invoice)
      and (p_booking is null or i.booking_id = p_booking) and (p_state is null or i.state = p_state)
      and (p_before is null or (i.created_at, i.event_id) < (p_before, p_before_id))
    order by i.created_at desc, i.event_id desc limit p_limit;
end $$;

revoke all on all functions in schema payments from public;
grant execute on all functions in schema payments to cleaning_app;
grant execute on function payments.settle(text, text, text, uuid, text, text, text, timestamptz),
    payments.due(timestamptz, integer, integer), payments.organisation_of(text, text), payments.holder(text) to cleaning_worker;

set local role cleaning_owner;
