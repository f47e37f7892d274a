-- parent: 0062
-- Whose invoices are whose by now: clients who turned out to be one person.

alter table read.invoice_customers add column merged_into uuid;
create index invoice_customers_merged on read.invoice_customers (org_id, merged_into) where merged_into is not null;
