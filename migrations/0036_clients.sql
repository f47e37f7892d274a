-- parent: 0033
-- Clients who turned out to be the same person, where they live, what is said about them, and what they were worth.

alter table client_logins add column merged_into uuid;
create index client_logins_merged on client_logins (org_id, merged_into) where merged_into is not null;

set local role cleaning_definer;

-- Whoever was merged signs in no more. Of two who are merged into each other at once, the second is refused (SQLSTATE CM409):
-- both rows are locked, always in the same order.
create function portal.merge_clients(p_org uuid, p_changes jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare c jsonb; v_client uuid; v_into uuid;
begin
    for c in select value from jsonb_array_elements(p_changes) loop
        if c ->> 'do' <> 'clients.merge' then
            raise exception 'portal.merge_clients does not know %', c ->> 'do';
        end if;
        v_client := (c ->> 'client_id')::uuid; v_into := (c ->> 'into')::uuid;
        perform from client_logins where org_id = p_org and client_id in (v_client, v_into) order by client_id for update;
        if not exists (select from client_logins where org_id = p_org and client_id = v_into and merged_into is null) then
            raise exception 'merged' using errcode = 'CM409';
        end if;
        update client_logins set merged_into = v_into, is_active = false
        where org_id = p_org and (client_id = v_client or merged_into = v_client);
        delete from portal_links where org_id = p_org and client_id = v_client;
        perform portal.revoke(p_org, v_client, 'merged', (c ->> 'at')::timestamptz);
    end loop;
end $$;

-- An address of somebody who was merged is that of whoever stayed, if they want it.
create function portal.inherit_address() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    delete from client_logins
    where org_id = new.org_id and email = new.email and merged_into = new.client_id;
    return new;
end $$;

-- The client with an address; with that of somebody who was merged it is whoever stayed.
create or replace function portal.find_client(p_org uuid, p_email text) returns uuid
language sql stable security definer set search_path = public, pg_temp as $$
    select s.client_id
    from client_logins c
    join client_logins s on s.org_id = c.org_id and s.client_id = coalesce(c.merged_into, c.client_id)
    where c.org_id = p_org and c.email = p_email and s.is_active
$$;

-- As in 0022: links go to whoever stayed, at their own address.
create or replace function portal.find_client(p_org uuid, p_email text, p_now timestamptz)
returns table (client_id uuid, links bigint)
language sql stable security definer set search_path = public, pg_temp as $$
    select s.client_id, (select count(*) from portal_links l
                         where l.org_id = s.org_id and l.client_id = s.client_id and l.expires_at > p_now)
    from client_logins c
    join client_logins s on s.org_id = c.org_id and s.client_id = coalesce(c.merged_into, c.client_id)
    where c.org_id = p_org and c.email = p_email and s.is_active and not s.is_blocked
$$;

revoke all on function portal.merge_clients(uuid, jsonb), portal.inherit_address() from public;
grant execute on function portal.merge_clients(uuid, jsonb) to cleaning_app;
grant execute on function portal.inherit_address() to cleaning_owner;

set local role cleaning_owner;

create trigger client_logins_inherit before insert or update of email on client_logins
    for each row execute function portal.inherit_address();

-- As in 0025, and clients.
create or replace function log.put_beside(p_org uuid, p_changes jsonb) returns void
language plpgsql set search_path = public, pg_temp as $$
declare v_identity jsonb; v_portal jsonb; v_clients jsonb; v_plan jsonb;
begin
    select jsonb_agg(c) filter (where c ->> 'do' not like 'portal.%' and c ->> 'do' not like 'plan.%'
                                  and c ->> 'do' not like 'clients.%'),
           jsonb_agg(c) filter (where c ->> 'do' like 'portal.%'),
           jsonb_agg(c) filter (where c ->> 'do' like 'clients.%'),
           jsonb_agg(c) filter (where c ->> 'do' like 'plan.%')
    into v_identity, v_portal, v_clients, v_plan
    from jsonb_array_elements(p_changes) c;
    if v_identity is not null then perform identity.apply(p_org, v_identity); end if;
    if v_portal is not null then perform portal.apply(p_org, v_portal); end if;
    if v_clients is not null then perform portal.merge_clients(p_org, v_clients); end if;
    -- Plans last: they count what the others have just written.
    if v_plan is not null then perform plan.apply(p_org, v_plan); end if;
end $$;

-- Readable, and therefore wiped when the person is erased.
alter table read.client_list add column address_id uuid;
alter table read.client_list add column address text;
alter table read.client_list add column tags text[] not null default '{}';
-- Who they turned out to be.
alter table read.client_list add column merged_into uuid;
create index client_list_merged on read.client_list (org_id, merged_into) where merged_into is not null;

alter table read.booking_customers add column merged_into uuid;
create index booking_customers_merged on read.booking_customers (org_id, merged_into) where merged_into is not null;

-- Who turned out to be whom; in what follows, `client_id` is whoever stayed.
create table read.client_merges (
    org_id    uuid not null,
    client_id uuid not null,
    into_id   uuid not null,
    primary key (org_id, client_id)
);
create index client_merges_into on read.client_merges (org_id, into_id);

create table read.client_notes (
    org_id    uuid not null,
    position  bigint not null,
    client_id uuid not null,
    note_id   uuid not null,
    kind      text collate "C" not null,
    text      json not null,   -- sealed, and opened when read
    made_by   text,
    at        timestamptz not null,
    primary key (org_id, position)
);
create index client_notes_client on read.client_notes (org_id, client_id, position);

create table read.client_feedback (
    org_id      uuid not null,
    position    bigint not null,
    client_id   uuid not null,
    feedback_id uuid not null,
    booking_id  uuid,
    rating      smallint not null,
    comment     json,            -- sealed, and opened when read
    made_by     text collate "C" not null,
    at          timestamptz not null,
    primary key (org_id, position)
);
create index client_feedback_client on read.client_feedback (org_id, client_id, position);

create table read.client_visits (
    org_id      uuid not null,
    booking_id  uuid not null,
    client_id   uuid,            -- null for whoever only asked for an offer
    address_id  uuid,
    total_cents bigint,
    done_at     timestamptz,
    primary key (org_id, booking_id)
);
create index client_visits_client on read.client_visits (org_id, client_id);
create index client_visits_address on read.client_visits (org_id, address_id) where address_id is not null;

-- What is known of a client's standing, as facts: what they mean depends on the day, and on what the organisation decides.
create table read.client_standing (
    org_id          uuid not null,
    client_id       uuid not null,
    visits          integer not null,
    completed_cents bigint not null,
    first_done_at   timestamptz,
    last_done_at    timestamptz,
    complaints_at   timestamptz[] not null,
    rated_at        timestamptz[] not null,
    ratings         smallint[] not null,
    primary key (org_id, client_id)
);

do $$
declare t text;
begin
    foreach t in array array['read.client_merges', 'read.client_notes', 'read.client_feedback', 'read.client_visits',
                             'read.client_standing'] loop
        execute format('call tenant.protect(%L)', t);
        execute format('grant select on %s to cleaning_app, cleaning_auditor', t);
        execute format('grant select, insert, update, delete on %s to cleaning_worker', t);
    end loop;
end $$;
