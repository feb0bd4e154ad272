"""Opens exported Parquet files with DuckDB and compares every cell with the same events as JSON Lines; pandas and
Polars must read the same rows. Tables may be divided into days.

usage: tables.py TABLES_FOLDER EVENTS_JSONL
"""

import json
import sys
from datetime import datetime, timezone
from pathlib import Path

import duckdb
import pandas
import polars

# Lists of an event that are tables of their own, a row an entry.
LISTS = {"OrderPlaced.lines", "OrderPlaced.charges", "OrderShipped.lines", "OrderReturned.lines"}
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


def same_to_others(table, found):
    """pandas and Polars read a whole folder, with the days as a column where there are any."""
    positions = [row["position"] for row in found]
    order = ["position", "entry"] if found and "entry" in found[0] else ["position"]
    times = [row["occurred_at"] for row in found]
    divided = any(path.is_dir() for path in table.iterdir())
    frame = pandas.read_parquet(table).sort_values(order)
    assert list(frame["position"]) == positions
    assert [int(time.timestamp() * 1_000_000) for time in frame["occurred_at"]] == times
    assert list(frame["payload"]) == [row["payload"] for row in found]
    others = polars.read_parquet(f"{table}/**/*.parquet", hive_partitioning=divided).sort(order)
    assert others["position"].to_list() == positions
    assert others["occurred_at"].dt.epoch("us").to_list() == times
    assert others["payload"].to_list() == [row["payload"] for row in found]
    if divided:
        days = [str(day) for day in others["day"].to_list()]
        assert days == [str(day) for day in frame["day"]] and days == [day_of(time) for time in times], days


def day_of(time):
    return datetime.fromtimestamp(time // 1_000_000, timezone.utc).date().isoformat()


def main(folder, lines):
    events = [json.loads(line) for line in Path(lines).read_text().splitlines()]
    connection = duckdb.connect()
    cells, rows, entries, typed = 0, 0, 0, set()
    for table in sorted(path for path in Path(folder).iterdir() if path.is_dir()):
        files = f"{table}/**/*.parquet"
        described = connection.execute(f"describe select * from '{files}'").fetchall()
        columns = {name: kind for name, kind, *_ in described if name != "day"}
        assert list(columns)[:11] == COMMON[:11] and list(columns)[-1] == "payload", columns
        assert columns["occurred_at"] == columns["recorded_at"] == "TIMESTAMP WITH TIME ZONE", columns
        shown = ", ".join(
            f'epoch_us("{name}")' if kind.startswith("TIMESTAMP") else f'"{name}"' for name, kind in columns.items())
        event_type, _, of_list = table.name.partition(".")
        order = "position, entry" if of_list else "position"
        found = connection.execute(f"select {shown} from '{files}' order by {order}").fetchall()
        expected = [event for event in events if event["type"] == event_type]
        if of_list:
            assert table.name in LISTS, table.name
            expected = [event | {"payload": entry, "entry": number} for event in expected
                        for number, entry in enumerate(event["payload"].get(of_list, []), 1)]
            entries += len(expected)
        assert len(found) == len(expected), (table.name, len(found), len(expected))
        found = [dict(zip(columns, row)) for row in found]
        same_to_others(table, found)
        for row, event in zip(found, expected):
            payload = event["payload"]
            assert json.loads(row["payload"]) == payload
            for name in ["position", "stream", "version", "event_id", "schema_version", "actor"]:
                assert row[name] == event[name], (name, row[name], event[name])
            for name in ["occurred_at", "recorded_at"]:
                assert row[name] == micros(connection, event[name]), (name, row[name], event[name])
            for name in ["command_id", "correlation_id", "causation_id"]:
                assert row[name] == event.get(name), (name, row[name])
            if of_list:
                assert list(columns)[11] == "entry" and row["entry"] == event["entry"]
            for name in list(columns)[12 if of_list else 11:-1]:
                value = field(payload, name)
                if columns[name].startswith("TIMESTAMP") and value is not None:
                    value = micros(connection, value)
                assert row[name] == value, (table.name, name, row[name], value)
                cells += row[name] is not None
                typed.add(columns[name])
        rows += 0 if of_list else len(found)
    assert entries > 0, "orders have lines"
    assert rows == len(events), (rows, len(events))
    assert {"BIGINT", "VARCHAR"} <= typed, typed
    print(f"{rows} rows, {cells} typed cells, column types {sorted(typed)}")


main(*sys.argv[1:])
