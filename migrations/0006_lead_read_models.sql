-- parent: 0005
-- The first read models. They live in a schema of their own and can be rebuilt from the log at any time.

-- The list staff search: the only table with readable personal data, wiped when the person is erased.
create table read.lead_list (
    org_id           uuid not null,
    lead_id          uuid not null,
    subject_id       uuid not null,
    status           text collate "C" not null,
    created_at       timestamptz not null,
    updated_at       timestamptz not null,
    name             text not null,
    email            text,
    phone            text not null,
    postal_code      text,
    preferred_dates  jsonb not null,
    notes            text,
    notes_changed    boolean not null,  -- whether staff ever replaced the notes of the request
    loss_reason      text,
    source           text,
    campaign         text,
    keyword          text,
    landing_page     text,
    referrer         text,
    referral_code    text not null,
    referred_by_code text,
    referral_credits integer not null default 0,
    version          integer not null,
    position         bigint not null,
    -- What is searched, in lower case as Unicode has it: the database may know lower case of ASCII only.
    search           text not null,
    primary key (org_id, lead_id)
);
create index lead_list_newest on read.lead_list (org_id, created_at desc, lead_id desc);
create index lead_list_status on read.lead_list (org_id, status, created_at desc, lead_id desc);
create index lead_list_subject on read.lead_list (org_id, subject_id);

-- One lead as its aggregate folds it; personal values stay sealed and are opened when read.
create table read.lead_detail (
    org_id     uuid not null,
    lead_id    uuid not null,
    version    integer not null,
    position   bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    state      json not null,
    primary key (org_id, lead_id)
);

-- Everything that ever happened to anything, in order; payload sealed as in the log.
create table read.entity_timeline (
    org_id         uuid not null,
    entity_type    text collate "C" not null,
    entity_id      text collate "C" not null,
    position       bigint not null,
    sequence       integer not null,
    event_id       uuid not null,
    event_type     text collate "C" not null,
    event_version  text collate "C" not null,
    recorded_at    timestamptz not null,
    actor_type     text collate "C" not null,
    actor          text collate "C" not null,
    actor_role     text collate "C" not null,
    request_id     text not null,
    correlation_id text not null,
    causation_id   text,
    reason         text,
    payload        json not null,
    primary key (org_id, entity_type, entity_id, position)
);

-- What staff did, in the columns the operations guide asks for.
create table read.audit_entries (
    org_id         uuid not null,
    position       bigint not null,
    audit_id       uuid not null,
    created_at     timestamptz not null,
    admin_role     text collate "C" not null,
    actor          text collate "C" not null,
    action         text collate "C" not null,
    resource_type  text collate "C",
    resource_id    text collate "C",
    metadata       jsonb not null,
    outcome        text collate "C" not null,
    request_id     text,
    correlation_id text,
    primary key (org_id, position)
);
create index audit_entries_recent on read.audit_entries (org_id, created_at desc, position desc);
create index audit_entries_guide on read.audit_entries ((org_id::text), created_at desc);

-- The guide compares org_id with free text; as text it can, whatever stands there.
create view read.admin_audit_logs with (security_invoker = true) as
select audit_id, org_id::text as org_id, created_at, admin_role, actor, action, resource_type, resource_id, metadata,
       outcome, request_id, correlation_id, position
from read.audit_entries;

do $$
declare t text;
begin
    foreach t in array array['read.lead_list', 'read.lead_detail', 'read.entity_timeline', 'read.audit_entries'] loop
        execute format('call tenant.protect(%L)', t);
        execute format('grant select on %s to cleaning_app, cleaning_auditor', t);
        execute format('grant select, insert, update, delete on %s to cleaning_worker', t);
    end loop;
end $$;
grant select on read.admin_audit_logs to cleaning_app, cleaning_auditor, cleaning_worker;
