-- Version 2: whose read models these are, so that two shops do not write over each other's.

CREATE TABLE daybook_read.log
(
    one         boolean     PRIMARY KEY DEFAULT true CHECK (one),
    -- The id of the log's first event. A copy of a log has the same.
    first_event uuid        NOT NULL,
    claimed_at  timestamptz NOT NULL DEFAULT now()
);
