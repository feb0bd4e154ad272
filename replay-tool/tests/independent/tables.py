"""Opens exported Parquet files with DuckDB and compares every cell with the same events as JSON Lines.

usage: tables.py TABLES_FOLDER EVENTS_JSONL
"""

import json
import sys
from pathlib import Path

import duckdb

COMMON = ["position", "stream", "version", "event_id", "schema_version", "occurred_at", "recorded_at", "actor",
          "command_id", "correlation_id", "causation_id", "payload"]


def field(payload, column):
    """The payload's value for a column: a field, or a field of a field."""
    if column in payload:
        return payload[column]
    for outer, value in payload.items():
        if isinstance(value, dict) and column.startswith(outer + "_") and column[len(outer) + 1:] in value:
            return value[column[len(outer) + 1:]]
    return None


def micros(connection, text):
    return connection.execute("select epoch_us(cast(? as timestamptz))", [text]).fetchone()[0]


def main(folder, lines):
    events = [json.loads(line) for line in Path(lines).read_text().splitlines()]
    connection = duckdb.connect()
    cells, rows, typed = 0, 0, set()
    for table in sorted(path for path in Path(folder).iterdir() if path.is_dir()):
        files = f"{table}/*.parquet"
        described = connection.execute(f"describe select * from '{files}'").fetchall()
        columns = {name: kind for name, kind, *_ in described}
        assert list(columns)[:11] == COMMON[:11] and list(columns)[-1] == "payload", columns
        assert columns["occurred_at"] == columns["recorded_at"] == "TIMESTAMP WITH TIME ZONE", columns
        shown = ", ".join(
            f'epoch_us("{name}")' if kind.startswith("TIMESTAMP") else f'"{name}"' for name, kind in columns.items())
        found = connection.execute(f"select {shown} from '{files}' order by position").fetchall()
        expected = [event for event in events if event["type"] == table.name]
        assert len(found) == len(expected), (table.name, len(found), len(expected))
        for row, event in zip(found, expected):
            row = dict(zip(columns, row))
            payload = event["payload"]
            assert json.loads(row["payload"]) == payload
            for name in ["position", "stream", "version", "event_id", "schema_version", "actor"]:
                assert row[name] == event[name], (name, row[name], event[name])
            for name in ["occurred_at", "recorded_at"]:
                assert row[name] == micros(connection, event[name]), (name, row[name], event[name])
            for name in ["command_id", "correlation_id", "causation_id"]:
                assert row[name] == event.get(name), (name, row[name])
            for name in list(columns)[11:-1]:
                value = field(payload, name)
                if columns[name].startswith("TIMESTAMP") and value is not None:
                    value = micros(connection, value)
                assert row[name] == value, (table.name, name, row[name], value)
                cells += row[name] is not None
                typed.add(columns[name])
        rows += len(found)
    assert rows == len(events), (rows, len(events))
    assert {"BIGINT", "VARCHAR"} <= typed, typed
    print(f"{rows} rows, {cells} typed cells, column types {sorted(typed)}")


main(*sys.argv[1:])
