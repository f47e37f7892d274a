-- parent: 0061
-- Months whose books are closed: whoever writes into one is refused in the transaction that would write. The log of an
-- organisation is written by one transaction at a time, so closing and writing cannot pass each other.
create schema books;
grant usage on schema books to cleaning_app, cleaning_worker, cleaning_definer;
grant create on schema books to cleaning_definer;

-- SQLSTATE BK409 undoes the command; the message is the month.
create function books.keep_open(p_org uuid, p_changes jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare v_month text;
begin
    select min(m.value) into v_month
    from jsonb_array_elements(p_changes) c, claims m
    where m.org_id = p_org and m.scope = 'books.closed' and m.value = c ->> 'month';
    if v_month is not null then
        raise exception '%', v_month using errcode = 'BK409';
    end if;
end $$;
revoke all on function books.keep_open(uuid, jsonb) from public;
grant execute on function books.keep_open(uuid, jsonb) to cleaning_app, cleaning_worker, cleaning_owner;
-- Last, because after it only cleaning_definer could grant.
alter function books.keep_open(uuid, jsonb) owner to cleaning_definer;

-- As in 0036, and closed months, first: what is refused has done nothing.
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
    if v_books is not null then perform books.keep_open(p_org, v_books); end if;
    if v_identity is not null then perform identity.apply(p_org, v_identity); end if;
    if v_portal is not null then perform portal.apply(p_org, v_portal); end if;
    if v_clients is not null then perform portal.merge_clients(p_org, v_clients); end if;
    -- Plans last: they count what the others have just written.
    if v_plan is not null then perform plan.apply(p_org, v_plan); end if;
end $$;
