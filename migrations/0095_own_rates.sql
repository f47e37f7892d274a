-- parent: 0092
-- What an hour of somebody costs stands here only once somebody decided it; of everybody else the policies say it, which
-- change. The older column is for the release before this one.

alter table read.worker_list
    add column own_rate_cents bigint check (own_rate_cents >= 0);
