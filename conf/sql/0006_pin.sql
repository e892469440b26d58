-- PINs with which people claim a phone by dialling, as keyed hashes, and who dialled wrong ones.
create table pin (
    number text primary key, -- an extension of ours or of the PBX
    digest blob not null
);

-- Of a phone (its MAC as 12 hex digits) or of an extension ("ext/201").
create table pin_failure (
    who   text primary key,
    wrong integer not null,
    last  integer not null
);
