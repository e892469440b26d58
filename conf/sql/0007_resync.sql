-- The last resync of many phones: what was ordered, and how far each phone is.

-- Decisions, committed before anyone is told. One row, or none yet.
create table resync_run (
    begun      integer not null,
    actor      text    not null,
    per_minute integer not null,
    forced     integer not null,
    reboots    integer not null,
    stopped    integer not null
);

create table resync_phone (
    mac    integer primary key references device (mac) on delete cascade,
    turn   integer not null, -- 0 = the first one
    state  text    not null,
    at     integer not null, -- since when it is in this state
    detail text    not null
);
