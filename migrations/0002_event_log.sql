-- parent: 0001
-- The log: one gapless, hash-chained sequence of events per organisation, and what is written with it.

-- Where the log of each organisation stands. Updated once per batch, so the page keeps room for heap-only updates.
create table log_heads (
    org_id      uuid primary key references organizations,
    position    bigint not null,
    hash        bytea not null,
    recorded_at bigint not null  -- microseconds since 1970; never runs backwards
) with (fillfactor = 10);

-- payload and metadata are json, not jsonb: the chain covers their exact text.
create table events (
    org_id         uuid not null,
    position       bigint not null check (position > 0),
    recorded_at    timestamptz not null,
    sequence       integer not null check (sequence > 0),
    aggregate_type text collate "C" not null,
    aggregate_id   text collate "C" not null,
    event_type     text collate "C" not null,
    event_version  text collate "C" not null,
    payload        json not null,
    metadata       json not null,
    hash           bytea not null,
    primary key (org_id, position)
);
create unique index events_stream on events (org_id, aggregate_id, sequence, aggregate_type);

-- One row per command carried out: its id is never carried out twice. What it answered is not stored but told again
-- from the aggregate as of this version, so that no personal data outlives an erasure here.
create table commands (
    org_id         uuid not null,
    command_id     uuid not null,
    fingerprint    bytea not null,
    position       bigint not null,
    version        integer not null,
    aggregate_type text collate "C" not null,
    aggregate_id   text collate "C" not null,
    recorded_at    timestamptz not null,
    primary key (org_id, command_id)
);

-- Values that one aggregate of an organisation holds alone.
create table claims (
    org_id         uuid not null,
    scope          text collate "C" not null,
    value          text collate "C" not null,
    aggregate_type text collate "C" not null,
    aggregate_id   text collate "C" not null,
    primary key (org_id, scope, value)
);

-- Spans of time in which a resource is taken: two that overlap cannot be written at all.
create table slots (
    org_id         uuid not null,
    resource       uuid not null,
    during         tstzrange not null check (not isempty(during)),
    aggregate_type text collate "C" not null,
    aggregate_id   text collate "C" not null,
    constraint slots_do_not_overlap exclude using gist (org_id with =, resource with =, during with &&)
);
create index slots_of on slots (org_id, aggregate_id, aggregate_type);

-- The key of each person, wrapped. Deleting the row is what erases them.
create table subject_keys (
    org_id         uuid not null,
    subject_id     uuid not null,
    master_version integer not null,
    wrapped        bytea not null,
    primary key (org_id, subject_id)
);

-- Chain heads signed with a key that is not in this database.
create table chain_checkpoints (
    org_id    uuid not null,
    position  bigint not null,
    hash      bytea not null,
    signed_at timestamptz not null,
    key_id    text not null,
    signature bytea not null,
    primary key (org_id, position, key_id)
);

do $$
declare t text;
begin
    foreach t in array array['log_heads', 'events', 'commands', 'claims', 'slots', 'subject_keys', 'chain_checkpoints'] loop
        execute format('call tenant.protect(%L)', t);
        execute format('call tenant.open_to_definer(%L)', t);
    end loop;
end $$;

-- Nobody who can log in may write the log but through log.append.
grant select on log_heads, events, commands, claims, slots, subject_keys, chain_checkpoints to cleaning_app, cleaning_worker;
grant select on log_heads, events, chain_checkpoints to cleaning_auditor;
grant insert on chain_checkpoints to cleaning_app, cleaning_worker;
grant update (master_version, wrapped) on subject_keys to cleaning_worker;
revoke update, delete, truncate on events, commands, chain_checkpoints from cleaning_definer;

-- Opens the log of an organisation; doing it again changes nothing.
create function log.open(p_org uuid, p_slug text, p_name text, p_timezone text, p_genesis bytea) returns void
language sql security definer set search_path = public, pg_temp as $$
    insert into organizations (org_id, slug, name, timezone) values (p_org, p_slug, p_name, p_timezone)
    on conflict (org_id) do nothing;
    insert into log_heads (org_id, position, hash, recorded_at) values (p_org, 0, p_genesis, 0)
    on conflict (org_id) do nothing;
$$;
revoke all on function log.open(uuid, text, text, text, bytea) from public;
grant execute on function log.open(uuid, text, text, text, bytea) to cleaning_app;
-- Last, because after it only cleaning_definer could grant.
alter function log.open(uuid, text, text, text, bytea) owner to cleaning_definer;
