"""What a user would write: httpx, json, sqlite3; each row compared with what the table holds.

    python plain.py BASE_URL FOLDER TOKEN_URL CLIENT_ID DATABASE PAGE_SIZE      (the secret in TENANT_SECRET)

Decent work: one connection kept open, write-ahead log, one transaction a page, a row of `changes` for each change.
"""

import json
import os
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx

VOLATILE = ("$uuid", "$etag")  # found out the hard way: some tenants make them anew at each read
SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS records (key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS changes (id INTEGER PRIMARY KEY, op TEXT, key TEXT, before TEXT, after TEXT);
"""


def pages(client: httpx.Client, base: str, folder: str, size: int) -> Iterator[list[dict[str, Any]]]:
    url: str | None = f"{base}/api1/x3/erp/{folder}/BPCUSTOMER"
    parameters: dict[str, str] | None = {
        "representation": "BPCUSTOMER.$query",
        "count": str(size),
        "orderBy": "BPCNUM asc",
    }
    while url:
        answer = client.get(url, params=parameters)
        answer.raise_for_status()
        page = json.loads(answer.content)
        yield page["$resources"]
        url, parameters = page["$links"].get("$next", {}).get("$url"), None


def compare(db: sqlite3.Connection, records: list[dict[str, Any]], seen: set[str], *, first: bool) -> Counter[str]:
    counts: Counter[str] = Counter()
    for record in records:
        for name in VOLATILE:
            record.pop(name, None)
        key, body = record["BPCNUM"], json.dumps(record, sort_keys=True)
        seen.add(key)
        row = db.execute("SELECT body FROM records WHERE key = ?", (key,)).fetchone()
        if row is None:
            db.execute("INSERT INTO records VALUES (?, ?)", (key, body))
            op, before = "r" if first else "c", None
        elif row[0] != body:
            db.execute("UPDATE records SET body = ? WHERE key = ?", (body, key))
            op, before = "u", row[0]
        else:
            continue
        db.execute("INSERT INTO changes (op, key, before, after) VALUES (?, ?, ?, ?)", (op, key, before, body))
        counts[op] += 1
    db.commit()
    return counts


def remove(db: sqlite3.Connection, seen: set[str]) -> int:
    gone = [row for row in db.execute("SELECT key, body FROM records") if row[0] not in seen]
    for key, body in gone:
        db.execute("DELETE FROM records WHERE key = ?", (key,))
        db.execute("INSERT INTO changes (op, key, before) VALUES ('d', ?, ?)", (key, body))
    db.commit()
    return len(gone)


def main(base: str, folder: str, token_url: str, client_id: str, database: str, page_size: str) -> None:
    db = sqlite3.connect(database)
    db.executescript(SCHEMA)
    first = db.execute("SELECT 1 FROM records LIMIT 1").fetchone() is None
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": os.environ["TENANT_SECRET"]}
    counts: Counter[str] = Counter()
    seen: set[str] = set()
    with httpx.Client(timeout=60, trust_env=False) as client:
        token = client.post(token_url, data=form).raise_for_status().json()["access_token"]
        client.headers.update({"Authorization": f"Bearer {token}", "X-Sage-Folder": folder})
        for records in pages(client, base, folder, int(page_size)):
            counts += compare(db, records, seen, first=first)
    counts["d"] = remove(db, seen)
    total = db.execute("SELECT count(*) FROM records").fetchone()[0]
    db.close()
    print(json.dumps({"records": total, **{op: counts[op] for op in "rcud"}}))


if __name__ == "__main__":
    main(*sys.argv[1:])
