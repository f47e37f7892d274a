-- parent: 0060
-- The ledger, and what it must know to go on: lines that only ever are added, each with the event it follows from.

create table read.ledger_entry (
    org_id       uuid not null,
    position     bigint not null,      -- of the event in the log
    line         integer not null,     -- counted in the event, from 1
    entry        integer not null,     -- lines that balance belong to one, from 1
    day          date not null,        -- on the clock of the organisation
    account      text collate "C" not null,
    debit_cents  bigint not null check (debit_cents >= 0),
    credit_cents bigint not null check (credit_cents >= 0),
    currency     text collate "C" not null,
    source_type  text collate "C" not null,
    source_id    text collate "C" not null,
    event_type   text collate "C" not null,
    invoice_id   uuid,
    label        text,
    primary key (org_id, position, line),
    check ((debit_cents = 0) <> (credit_cents = 0))
);
create index ledger_entry_day on read.ledger_entry (org_id, day, position, line);
create index ledger_entry_account on read.ledger_entry (org_id, account, day, position, line);
create index ledger_entry_source on read.ledger_entry (org_id, source_id);

-- What the ledger must know of invoices and payments.
create table read.ledger_source (
    org_id      uuid not null,
    source_type text collate "C" not null,
    source_id   text collate "C" not null,
    state       json not null,
    primary key (org_id, source_type, source_id)
);

-- What it must know of the organisation.
create table read.ledger_books (
    org_id uuid primary key,
    state  json not null
);

-- What was paid for invoices, with the tax in it: what the tax office is told.
create table read.tax_payment_line (
    org_id              uuid not null,
    position            bigint not null,
    line                integer not null,
    day                 date not null,
    paid_at             timestamptz not null,
    payment_id          text collate "C" not null,
    invoice_id          uuid not null,
    invoice_number      text collate "C" not null,
    amount_cents        bigint not null,
    allocated_tax_cents bigint not null,
    currency            text collate "C" not null,
    primary key (org_id, position, line)
);
create index tax_payment_line_day on read.tax_payment_line (org_id, day, position, line);

-- What was paid for visits before their invoice.
create table read.deposit_list (
    org_id       uuid not null,
    position     bigint not null,
    payment_id   text collate "C" not null,
    booking_id   uuid not null,
    provider     text collate "C" not null,
    method       text collate "C" not null,
    amount_cents bigint not null,
    currency     text collate "C" not null,
    received_at  timestamptz not null,
    created_at   timestamptz not null,
    day          date not null,
    primary key (org_id, position)
);
create index deposit_list_day on read.deposit_list (org_id, day, position);

do $$
declare t text;
begin
    foreach t in array array['read.ledger_entry', 'read.ledger_source', 'read.ledger_books', 'read.tax_payment_line',
                             'read.deposit_list'] loop
        execute format('call tenant.protect(%L)', t);
        execute format('grant select on %s to cleaning_app, cleaning_auditor', t);
        execute format('grant select, insert, update, delete on %s to cleaning_worker', t);
    end loop;
end $$;
