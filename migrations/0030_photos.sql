-- parent: 0026
-- Photos of visits: what is known about each, what they count against the plan, and which links to them were used.

create table read.photo_list (
    org_id        uuid not null,
    photo_id      uuid not null,
    booking_id    uuid not null,
    subject_id    uuid not null,               -- whose home it shows
    review_status text collate "C" not null,
    needs_retake  boolean not null,
    is_there      boolean not null,            -- not deleted
    uploaded_at   timestamptz not null,
    position      bigint not null,
    photo         json not null,               -- as its aggregate folds it; personal values stay sealed
    primary key (org_id, photo_id)
);
create index photo_list_booking on read.photo_list (org_id, booking_id);
create index photo_list_subject on read.photo_list (org_id, subject_id) where is_there;
create index photo_list_time on read.photo_list (org_id, uploaded_at, photo_id) where is_there;
call tenant.protect('read.photo_list');
grant select on read.photo_list to cleaning_app, cleaning_worker, cleaning_auditor;
grant insert, update, delete on read.photo_list to cleaning_worker;

-- What is deleted no longer counts.
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
set local role cleaning_owner;

-- Links that work once, until they would not work anyway. Nobody reads them but the function.
create table photo_links (
    org_id     uuid not null references organizations,
    link_id    uuid not null,
    expires_at timestamptz not null,
    primary key (org_id, link_id)
);
call tenant.protect('photo_links');
call tenant.open_to_definer('photo_links');

create schema photos;
grant usage on schema photos to cleaning_app, cleaning_definer;
grant create on schema photos to cleaning_definer;

-- Whether this is the first use of a link.
create function photos.use_link(p_org uuid, p_link uuid, p_expires timestamptz, p_now timestamptz) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    delete from photo_links where org_id = p_org and expires_at < p_now;
    insert into photo_links (org_id, link_id, expires_at) values (p_org, p_link, p_expires) on conflict do nothing;
    return found;
end $$;
revoke all on function photos.use_link(uuid, uuid, timestamptz, timestamptz) from public;
grant execute on function photos.use_link(uuid, uuid, timestamptz, timestamptz) to cleaning_app, cleaning_definer;
alter function photos.use_link(uuid, uuid, timestamptz, timestamptz) owner to cleaning_definer;

-- Files that were begun, until it is known what became of them: one that the log says nothing about is removed.
create table photo_files (
    org_id     uuid not null references organizations,
    key        text collate "C" not null,
    booking_id uuid not null,
    begun_at   timestamptz not null,
    primary key (org_id, key)
);
create index photo_files_begun on photo_files (org_id, begun_at);
call tenant.protect('photo_files');
grant insert on photo_files to cleaning_app;
grant select, delete on photo_files to cleaning_worker;
