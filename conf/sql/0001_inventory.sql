-- Devices, extensions, tokens, timelines and the audit of who decided what.
-- Times are milliseconds since 1970 UTC; a MAC is its 48 bits as a number.

create table meta (
    name  text primary key,
    value blob not null
);

create table device (
    mac         integer primary key,
    -- Decisions, committed before anyone is told.
    approval    integer not null default 0 check (approval between 0 and 2),
    generation  integer not null default 1,
    decided     integer not null default 0,
    -- Observations, written within a second; no statement writes both halves.
    first_seen  integer not null default 0,
    last_seen   integer not null default 0,
    address     integer not null default 0,
    interface   text    not null default '',
    vendor      text    not null default '',
    model       text    not null default '',
    version     text    not null default '',
    user_agent  text    not null default '',
    stage       integer not null default 0
);

-- No reference to extension: a number may be the PBX's own.
create table line (
    mac      integer not null references device (mac) on delete cascade,
    position integer not null,
    number   text    not null,
    primary key (mac, position)
);

create table extension (
    number   text primary key,
    name     text not null,
    password text not null
);

create table first_token (
    id      integer primary key,
    hash    blob    not null unique,
    mac     integer not null references device (mac) on delete cascade,
    expires integer not null
);
create index first_token_of_device on first_token (mac);

create table event (
    id       integer primary key,
    mac      integer not null references device (mac) on delete cascade,
    step     text    not null,
    address  text    not null,
    detail   text    not null,
    first_at integer not null,
    last_at  integer not null,
    times    integer not null
);
create index event_of_device on event (mac, id);

create table audit (
    id    integer primary key,
    at    integer not null,
    actor text    not null,
    what  text    not null
);
