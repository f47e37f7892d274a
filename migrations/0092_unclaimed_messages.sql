-- parent: 0091
-- Messages of Stripe that belong to no organisation that is known, and that something is to become of: no organisation may see
-- them, so the operator does.
create index stripe_inbox_unclaimed on public.stripe_inbox (created_at, event_id)
    where org_id is null and state not in ('applied', 'ignored');

set local role cleaning_definer;

-- The latest first, behind one of them; nothing while an organisation is set.
create function payments.unclaimed(p_before timestamptz, p_before_id text, p_limit integer)
returns table (event_id text, kind text, created_at timestamptz, received_at timestamptz, state text, reason text,
               attempts integer, invoice_id text, booking_id text)
language sql stable security definer set search_path = public, pg_temp as $$
    select i.event_id, i.kind, i.created_at, i.received_at, i.state, i.reason, i.attempts, i.invoice_id, i.booking_id
    from stripe_inbox i
    where i.org_id is null and i.state not in ('applied', 'ignored') and tenant.current_org() is null
      and (p_before is null or (i.created_at, i.event_id) < (p_before, p_before_id))
    order by i.created_at desc, i.event_id desc limit p_limit
$$;

create function payments.count_unclaimed() returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
    select count(*) from stripe_inbox i
    where i.org_id is null and i.state not in ('applied', 'ignored') and tenant.current_org() is null
$$;

revoke all on function payments.unclaimed(timestamptz, text, integer), payments.count_unclaimed() from public;
grant execute on function payments.unclaimed(timestamptz, text, integer), payments.count_unclaimed() to cleaning_worker;

set local role cleaning_owner;
