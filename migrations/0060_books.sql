-- parent: 0053
-- What is written into the books by hand: categories, expenses, budgets, counts of cash, instalments of tax.

create table read.expense_categories (
    org_id      uuid not null,
    category_id uuid not null,
    name        text not null,
    is_default  boolean not null,
    sort_order  integer not null,
    removed     boolean not null,     -- expenses that were written under it keep its name
    created_at  timestamptz not null,
    position    bigint not null,
    primary key (org_id, category_id)
);

create table read.expense_list (
    org_id         uuid not null,
    expense_id     uuid not null,
    occurred_on    date not null,
    category_id    uuid not null,
    vendor         text,
    description    text not null,
    amount_cents   bigint not null,
    tax_cents      bigint not null,
    receipt_url    text,
    payment_method text,
    currency       text collate "C" not null,
    created_by     text,
    created_at     timestamptz not null,
    version        integer not null,
    position       bigint not null,
    search         text not null,
    primary key (org_id, expense_id)
);
create index expense_list_day on read.expense_list (org_id, occurred_on, expense_id);
create index expense_list_category on read.expense_list (org_id, category_id, occurred_on);

create table read.budget_list (
    org_id       uuid not null,
    budget_id    uuid not null,
    month        date not null,        -- its first day
    category_id  uuid not null,
    amount_cents bigint not null,
    created_at   timestamptz not null,
    version      integer not null,
    position     bigint not null,
    primary key (org_id, budget_id)
);
create index budget_list_month on read.budget_list (org_id, month, budget_id);

create table read.cash_snapshots (
    org_id      uuid not null,
    snapshot_id uuid not null,
    as_of_date  date not null,
    cash_cents  bigint not null,
    note        text,
    created_at  timestamptz not null,
    version     integer not null,
    position    bigint not null,
    primary key (org_id, snapshot_id)
);
create index cash_snapshots_date on read.cash_snapshots (org_id, as_of_date);

create table read.tax_instalments (
    org_id        uuid not null,
    instalment_id uuid not null,
    tax_type      text not null,
    due_on        date not null,
    amount_cents  bigint not null,
    paid_on       date,
    note          text,
    currency      text collate "C" not null,
    created_at    timestamptz not null,
    version       integer not null,
    position      bigint not null,
    primary key (org_id, instalment_id)
);
create index tax_instalments_due on read.tax_instalments (org_id, due_on, instalment_id);

do $$
declare t text;
begin
    foreach t in array array['read.expense_categories', 'read.expense_list', 'read.budget_list', 'read.cash_snapshots',
                             'read.tax_instalments'] loop
        execute format('call tenant.protect(%L)', t);
        execute format('grant select on %s to cleaning_app, cleaning_auditor', t);
        execute format('grant select, insert, update, delete on %s to cleaning_worker', t);
    end loop;
end $$;
