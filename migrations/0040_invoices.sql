-- parent: 0036
-- Invoices: the list that staff search, each with what its aggregate folds.

create table read.invoice_list (
    org_id         uuid not null,
    invoice_id     uuid not null,
    number         text collate "C" not null,
    order_id       uuid,
    customer_id    uuid,
    status         text collate "C" not null,
    issue_date     date not null,
    due_date       date,
    currency       text collate "C" not null,
    total_cents    bigint not null,
    balance_cents  bigint not null,
    -- Readable, and therefore wiped when the person is erased.
    customer_name  text not null,
    customer_email text,
    created_at     timestamptz not null,
    version        integer not null,
    position       bigint not null,
    search         text not null,
    state          json not null,   -- personal values stay sealed and are opened when read
    primary key (org_id, invoice_id)
);
create index invoice_list_made on read.invoice_list (org_id, created_at, invoice_id);
create index invoice_list_order on read.invoice_list (org_id, order_id);
create index invoice_list_customer on read.invoice_list (org_id, customer_id);
create index invoice_list_open on read.invoice_list (org_id, due_date) where balance_cents > 0;

-- Who can be asked to pay, so that a new invoice is listed with a name at once.
create table read.invoice_customers (
    org_id     uuid not null,
    subject_id uuid not null,
    name       text not null,
    email      text,
    phone      text,
    address    text,
    primary key (org_id, subject_id)
);

do $$
declare t text;
begin
    foreach t in array array['read.invoice_list', 'read.invoice_customers'] loop
        execute format('call tenant.protect(%L)', t);
        execute format('grant select on %s to cleaning_app, cleaning_auditor', t);
        execute format('grant select, insert, update, delete on %s to cleaning_worker', t);
    end loop;
end $$;
