-- Version 1: the `events` table of postgres-es 0.5, numbered.
--
-- A table that a cqrs-es + postgres-es program has filled before is taken over: its events are numbered in
-- the order they lie in the table, which for a table that is only appended to is the order they were
-- written in, and never against the order within a stream.

CREATE TABLE IF NOT EXISTS events
(
    aggregate_type text COLLATE "C"             NOT NULL,
    aggregate_id   text COLLATE "C"             NOT NULL,
    sequence       bigint CHECK (sequence >= 0) NOT NULL,
    event_type     text                         NOT NULL,
    event_version  text                         NOT NULL,
    payload        json                         NOT NULL,
    metadata       json                         NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, sequence)
);

LOCK TABLE events IN ACCESS EXCLUSIVE MODE;

-- Nanoseconds since the Unix epoch, by the server's clock: one clock for all nodes.
CREATE FUNCTION daybook_now() RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint * 1000
$$;

-- Whether an event can be named in the log: `<aggregate>-<id>`, lower-case letters before the hyphen, no
-- spaces or control characters after it.
CREATE FUNCTION daybook_can_name(aggregate_type text, aggregate_id text, event_type text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT aggregate_type ~ '^[a-z]+$'
       AND aggregate_id <> ''
       AND octet_length(aggregate_type) + 1 + octet_length(aggregate_id) <= 255
       AND aggregate_id !~ '[\u0001-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]'
       AND octet_length(event_type) BETWEEN 1 AND 255
$$;

ALTER TABLE events
    ADD COLUMN position    bigint,
    ADD COLUMN event_id    uuid DEFAULT gen_random_uuid(),
    ADD COLUMN recorded_at bigint;

DO $$
DECLARE
    strange record;
BEGIN
    SELECT e.aggregate_type, e.aggregate_id, e.sequence INTO strange FROM events e
     WHERE NOT daybook_can_name(e.aggregate_type, e.aggregate_id, e.event_type) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the table events holds % % %, which cannot name a stream: aggregate types must be lower-case letters, ids must be without spaces',
            strange.aggregate_type, strange.aggregate_id, strange.sequence USING ERRCODE = 'check_violation';
    END IF;
    SELECT e.aggregate_type, e.aggregate_id, e.sequence INTO strange FROM (
        SELECT aggregate_type, aggregate_id, sequence,
               row_number() OVER (PARTITION BY aggregate_type, aggregate_id ORDER BY sequence) AS expected
          FROM events) e
     WHERE e.sequence <> e.expected LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the table events has a gap in stream % % before sequence %',
            strange.aggregate_type, strange.aggregate_id, strange.sequence USING ERRCODE = 'check_violation';
    END IF;
END $$;

UPDATE events e
   SET position = numbered.position, recorded_at = daybook_now()
  FROM (SELECT aggregate_type, aggregate_id, sequence,
               row_number() OVER (ORDER BY reached, aggregate_type, aggregate_id, sequence) AS position
          FROM (SELECT aggregate_type, aggregate_id, sequence,
                       max(((ctid::text::point)[0])::bigint * 65536 + ((ctid::text::point)[1])::bigint)
                           OVER (PARTITION BY aggregate_type, aggregate_id ORDER BY sequence) AS reached
                  FROM events) placed) numbered
 WHERE (e.aggregate_type, e.aggregate_id, e.sequence)
     = (numbered.aggregate_type, numbered.aggregate_id, numbered.sequence);

ALTER TABLE events
    ALTER COLUMN position SET NOT NULL,
    ALTER COLUMN event_id SET NOT NULL,
    ALTER COLUMN recorded_at SET NOT NULL;
CREATE UNIQUE INDEX events_position ON events (position);
CREATE UNIQUE INDEX events_event_id ON events (event_id);

-- The sequencer. Whoever appends updates this one row first, and its lock is held until the commit: so
-- positions are dense and in commit order, and an append that is rolled back consumes none.
CREATE TABLE log_head
(
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    position    bigint NOT NULL,
    recorded_at bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO log_head (position, recorded_at)
SELECT coalesce(max(position), 0), coalesce(max(recorded_at), 0) FROM events;

-- Numbers an event that was inserted without a position, as postgres-es does.
CREATE FUNCTION daybook_number_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last bigint;
BEGIN
    IF NOT daybook_can_name(NEW.aggregate_type, NEW.aggregate_id, NEW.event_type) THEN
        RAISE EXCEPTION 'event % of % % cannot be named in the log: aggregate types must be lower-case letters, ids must be without spaces, all at most 255 bytes',
            NEW.event_type, NEW.aggregate_type, NEW.aggregate_id USING ERRCODE = 'check_violation';
    END IF;
    UPDATE log_head SET position = position + 1, recorded_at = greatest(recorded_at, daybook_now())
    RETURNING position, recorded_at INTO NEW.position, NEW.recorded_at;
    SELECT max(sequence) INTO last FROM events
     WHERE aggregate_type = NEW.aggregate_type AND aggregate_id = NEW.aggregate_id;
    IF NEW.sequence <> coalesce(last, 0) + 1 THEN
        RAISE EXCEPTION 'stream % % is at sequence %, so % cannot be next',
            NEW.aggregate_type, NEW.aggregate_id, coalesce(last, 0), NEW.sequence USING ERRCODE = 'unique_violation';
    END IF;
    IF NEW.event_id IS NULL THEN
        NEW.event_id := gen_random_uuid();
    END IF;
    PERFORM pg_notify('daybook_head', NEW.position::text);
    RETURN NEW;
END $$;
CREATE TRIGGER daybook_number_event BEFORE INSERT ON events
    FOR EACH ROW WHEN (NEW.position IS NULL) EXECUTE FUNCTION daybook_number_event();

CREATE FUNCTION daybook_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the event log is only ever appended to: % is refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER daybook_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION daybook_refuse_change();

-- Appends a whole group, or nothing: a base that is not the stream's version gives `taken` = false.
--   base_*   one entry per stream of the group; `base` is the version it must be at, null if any
--   the rest one entry per event; `slot` points into base_*, `ahead` is how far past the base it goes
-- `at` is null for now, or a time not before the head's. Each statement here sees what was committed while
-- the one before waited for the lock: that needs the isolation level READ COMMITTED. Whoever calls this tells the
-- other nodes afterwards: a notification inside would cost every commit a lock that all commits of the server share.
CREATE FUNCTION daybook_append(
    base_type text[], base_id text[], base bigint[],
    slot int[], ahead bigint[], aggregate_type text[], aggregate_id text[], event_id uuid[],
    event_type text[], schema_version int[], payload text[], metadata text[], at bigint,
    OUT taken boolean, OUT head bigint, OUT recorded bigint, OUT bases bigint[])
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
BEGIN
    UPDATE log_head h SET position = h.position + cardinality(daybook_append.slot),
                          recorded_at = coalesce(daybook_append.at, greatest(h.recorded_at, daybook_now()))
    RETURNING h.position - cardinality(daybook_append.slot), h.recorded_at INTO head, recorded;
    SELECT array_agg(found.actual ORDER BY found.n),
           coalesce(bool_and(found.wanted IS NULL OR found.wanted = found.actual), true)
      INTO bases, taken
      FROM (SELECT b.n, b.wanted, coalesce((SELECT max(e.sequence) FROM events e
                     WHERE e.aggregate_type = b.type AND e.aggregate_id = b.id), 0) AS actual
              FROM unnest(base_type, base_id, base) WITH ORDINALITY AS b(type, id, wanted, n)) found;
    IF NOT taken THEN
        UPDATE log_head SET position = daybook_append.head;
        RETURN;
    END IF;
    INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                        position, event_id, recorded_at)
    SELECT n.aggregate_type, n.aggregate_id, daybook_append.bases[n.slot] + n.ahead, n.event_type,
           n.schema_version::text || '.0', n.payload::json, n.metadata::json,
           daybook_append.head + n.nth, n.event_id, daybook_append.recorded
      FROM unnest(slot, ahead, aggregate_type, aggregate_id, event_id, event_type, schema_version, payload, metadata)
           WITH ORDINALITY AS n(slot, ahead, aggregate_type, aggregate_id, event_id, event_type, schema_version,
                                payload, metadata, nth);
END $$;
