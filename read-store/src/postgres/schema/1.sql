-- Version 1: what is known of the fillings of each read model. The tables with their rows are made and dropped with
-- the fillings; their layout is in rows.rs.

CREATE TABLE daybook_read.generation
(
    model      text        NOT NULL,
    version    int         NOT NULL,
    number     bigint      NOT NULL,
    -- 'live': it answers queries; 'building': it is being filled; null: it is to be dropped.
    role       text CHECK (role IN ('live', 'building')),
    -- The last event taken in, and which that was.
    position   bigint      NOT NULL DEFAULT 0,
    event_id   uuid        NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    -- The last position at which any row changed.
    changed_at bigint      NOT NULL DEFAULT 0,
    -- Counts the commits. Whoever commits names the count it knows, and is refused if another was there meanwhile.
    revision   bigint      NOT NULL DEFAULT 0,
    written_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz,
    -- Its tables, and the names under which they are shown to others while it is live.
    tables     text[]      NOT NULL,
    names      text[]      NOT NULL,
    shown      boolean     NOT NULL DEFAULT false,
    PRIMARY KEY (model, version, number)
) WITH (fillfactor = 10);
CREATE UNIQUE INDEX generation_role ON daybook_read.generation (model, role);

-- Events that wait because they, or one before them in their stream, could not be applied.
CREATE TABLE daybook_read.dead_letter
(
    model    text   NOT NULL,
    version  int    NOT NULL,
    number   bigint NOT NULL,
    position bigint NOT NULL,
    stream   text COLLATE "C" NOT NULL,
    letter   json   NOT NULL,
    PRIMARY KEY (model, version, number, position),
    FOREIGN KEY (model, version, number) REFERENCES daybook_read.generation ON DELETE CASCADE
);

-- Events left out for good, with who decided it, when and why.
CREATE TABLE daybook_read.skipped_letter
(
    model    text   NOT NULL,
    version  int    NOT NULL,
    number   bigint NOT NULL,
    position bigint NOT NULL,
    letter   json   NOT NULL,
    PRIMARY KEY (model, version, number, position),
    FOREIGN KEY (model, version, number) REFERENCES daybook_read.generation ON DELETE CASCADE
);

-- Ends a commit: refuses it if not all the generations were as its writer knew them, else tells the other nodes.
CREATE FUNCTION daybook_read.end_commit(advanced bigint, expected bigint) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF advanced <> expected THEN
        RAISE EXCEPTION 'another projector has written meanwhile' USING ERRCODE = 'DB001';
    END IF;
    PERFORM pg_notify('daybook_read', '');
END $$;
