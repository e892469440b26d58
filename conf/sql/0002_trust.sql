-- Rotation of steady tokens, claims, entry without a token, and enrolment windows.

-- Decisions.
alter table device add column confirmed      integer not null default 0;
alter table device add column keeps_previous integer not null default 0;
alter table device add column claim          integer not null default 0;
alter table device add column boots          integer not null default 0;
-- Observations.
alter table device add column used_at        integer not null default 0;
alter table device add column used_from      integer not null default 0;

-- Stages 3 and 4 are reached with the steady token: such a phone holds its configuration.
update device set confirmed = generation where approval = 1 and stage >= 3;
-- A later approval must not bring the token of a blocked phone back to life.
update device set generation = generation + 1 where approval = 2;

create table enrolment (
    id      integer primary key,
    until   integer not null,
    rule    text    not null,
    network text    not null, -- '' = any
    mac     integer           -- null = any
);
