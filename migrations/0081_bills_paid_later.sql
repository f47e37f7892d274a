-- parent: 0080
-- Bills that are paid on a later day than that of the expense.

alter table read.expense_list add column paid_on date;
create index expense_list_paid on read.expense_list (org_id, (coalesce(paid_on, occurred_on))) where payment_method is not null;
