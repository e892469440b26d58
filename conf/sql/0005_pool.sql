-- Numbers that no phone has any more: pools keep them back for a while.
create table released_number (
    number text    primary key,
    at     integer not null,
    mac    integer not null -- who had it last; that phone may be forgotten
);
