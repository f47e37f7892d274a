-- parent: 0019
-- Who goes out together, when they do, and when they do not.

create table read.team_list (
    org_id      uuid not null,
    team_id     uuid not null,
    number      integer not null,
    name        text not null,
    created_at  timestamptz not null,
    archived_at timestamptz,
    version     integer not null,
    position    bigint not null,
    state       json not null,   -- the team as its aggregate folds it; nothing personal stands in it
    primary key (org_id, team_id)
);
create index team_list_number on read.team_list (org_id, number);

-- What is not taken any more is not listed any more.
create table read.time_off_list (
    org_id      uuid not null,
    time_off_id uuid not null,
    scope_type  text collate "C" not null,
    scope_id    uuid,            -- null for everybody
    purpose     text collate "C" not null,
    starts_at   timestamptz not null,
    ends_at     timestamptz not null,
    reason      text,
    created_at  timestamptz not null,
    version     integer not null,
    position    bigint not null,
    primary key (org_id, time_off_id)
);
create index time_off_list_end on read.time_off_list (org_id, ends_at);

do $$
declare t text;
begin
    foreach t in array array['read.team_list', 'read.time_off_list'] loop
        execute format('call tenant.protect(%L)', t);
        execute format('grant select on %s to cleaning_app, cleaning_auditor', t);
        execute format('grant select, insert, update, delete on %s to cleaning_worker', t);
    end loop;
end $$;
