-- Phones of the Workpoint Interface: what each said last, what waits for it, and where its secrets went.

-- Observations, written within a second. A list of items is one blob, so that 2,000 phones that
-- start at once are 2,000 rows: of each item its name, index (-1 = none) and the size of its value,
-- each ended by a zero byte, then the value.
create table workpoint (
    mac                 integer primary key references device (mac) on delete cascade,
    last_contact        integer not null,
    address             integer not null,
    contact_me_uri      text    not null,
    e164                text    not null,
    last_poll           integer not null,
    reached             integer not null,
    contact_me_sent     integer not null,
    contact_me_failures integer not null,
    must_read_all       integer not null
);

create table workpoint_items (
    mac      integer primary key references workpoint (mac) on delete cascade,
    reported blob not null,
    written  blob not null, -- keyed hashes
    refused  blob not null
);

-- Decisions, committed before anyone is told.
create table job (
    id       integer primary key,
    mac      integer not null references device (mac) on delete cascade,
    kind     text    not null,
    state    text    not null,
    created  integer not null,
    changed  integer not null,
    attempts integer not null,
    result   text    not null,
    busy_since integer not null
);
create index job_of_device on job (mac);

-- Never of a write-only item.
create table job_item (
    job   integer not null references job (id) on delete cascade,
    name  text    not null,
    place integer not null, -- its index; -1 = none
    value text    not null,
    primary key (job, name, place)
);

-- Secrets went to this phone inside this enrolment window. An id is not given twice while its row
-- is here.
create table spent_window (
    mac       integer not null references device (mac) on delete cascade,
    enrolment integer not null,
    at        integer not null,
    primary key (mac, enrolment)
);
