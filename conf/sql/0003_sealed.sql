-- Passwords are blobs: sealed with the key beside the database, those that are here at once.
create table sealed_extension (
    number   text primary key,
    name     text not null,
    password blob not null
);
insert into sealed_extension (number, name, password)
    select number, name, cast(password as blob) from extension;
drop table extension;
alter table sealed_extension rename to extension;
