-- Version 2: an append says which event it follows.

-- As daybook_append, for a node that knows `known_event` at `known_position`. If the log has lost it (it was restored from a
-- backup, or a standby took over that did not have it yet), nothing is appended. It is looked for under the lock, in a statement of
-- its own, so that it sees what was committed until then. `known_position` is zero for a node that knows of no event.
CREATE FUNCTION daybook_append_after(
    known_position bigint, known_event uuid,
    base_type text[], base_id text[], base bigint[],
    slot int[], ahead bigint[], aggregate_type text[], aggregate_id text[], event_id uuid[],
    event_type text[], schema_version int[], payload text[], metadata text[], at bigint,
    OUT taken boolean, OUT head bigint, OUT recorded bigint, OUT bases bigint[])
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
BEGIN
    SELECT a.taken, a.head, a.recorded, a.bases INTO taken, head, recorded, bases
      FROM daybook_append(base_type, base_id, base, slot, ahead, aggregate_type, aggregate_id, event_id, event_type,
                          schema_version, payload, metadata, at) a;
    PERFORM daybook_expect(known_position, known_event);
END $$;

-- Refuses to go on where the log has not this event.
CREATE FUNCTION daybook_expect(known_position bigint, known_event uuid) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    found_event uuid;
BEGIN
    IF known_position = 0 THEN
        RETURN;
    END IF;
    SELECT e.event_id INTO found_event FROM events e WHERE e.position = known_position;
    IF found_event IS DISTINCT FROM known_event THEN
        RAISE EXCEPTION 'it had event % at position %, and has % there',
            known_event, known_position, coalesce('event ' || found_event, 'nothing') USING ERRCODE = 'DB001';
    END IF;
END $$;
