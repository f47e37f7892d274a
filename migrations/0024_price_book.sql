-- parent: 0023
-- What organisations have published of their prices and terms. The built-in book is in the program.

create table read.price_book_versions (
    org_id       uuid not null,
    number       integer not null,
    hash         text collate "C" not null,
    published_at timestamptz not null,
    position     bigint not null,
    book         json not null,
    primary key (org_id, number)
);
call tenant.protect('read.price_book_versions');
grant select on read.price_book_versions to cleaning_app, cleaning_auditor;
grant select, insert, update, delete on read.price_book_versions to cleaning_worker;
