"""What a skilled user would write: orjson, a hash of each page, hashes of all records in memory, `executemany`.

    python good.py BASE_URL FOLDER TOKEN_URL CLIENT_ID DATABASE PAGE_SIZE       (the secret in TENANT_SECRET)

A page whose bytes are those of last time is not parsed; nor is a record looked up whose hash is known.
"""

import json
import os
import sqlite3
import sys
from collections import Counter
from typing import Any

import httpx
import orjson
from xxhash import xxh3_128_digest

VOLATILE = ("$uuid", "$etag")
SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS records (key TEXT PRIMARY KEY, hash BLOB NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pages (number INTEGER PRIMARY KEY, hash BLOB NOT NULL, keys BLOB NOT NULL, next TEXT);
CREATE TABLE IF NOT EXISTS changes (id INTEGER PRIMARY KEY, op TEXT, key TEXT, before BLOB, after BLOB);
"""
CHANGE = "INSERT INTO changes (op, key, before, after) VALUES (?, ?, ?, ?)"


class Sweep:
    """One reading of the whole class."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        self.counts: Counter[str] = Counter()
        self.seen: set[str] = set()
        self.hashes: dict[str, bytes] | None = None
        self.first = db.execute("SELECT 1 FROM records LIMIT 1").fetchone() is None

    def page(self, number: int, content: bytes) -> str | None:
        """Take one page; return the address of the next."""
        digest = xxh3_128_digest(content)
        row = self.db.execute("SELECT hash, keys, next FROM pages WHERE number = ?", (number,)).fetchone()
        if row and row[0] == digest:
            self.seen.update(orjson.loads(row[1]))
            return str(row[2]) if row[2] else None
        page = orjson.loads(content)
        keys = self.compare(page["$resources"])
        link = page["$links"].get("$next", {}).get("$url")
        stored = (number, digest, orjson.dumps(keys), link)
        self.db.execute("INSERT OR REPLACE INTO pages VALUES (?, ?, ?, ?)", stored)
        self.db.commit()
        return str(link) if link else None

    def compare(self, records: list[dict[str, Any]]) -> list[str]:
        if self.hashes is None:
            self.hashes = dict(self.db.execute("SELECT key, hash FROM records"))
        rows, changes, keys = [], [], []
        for record in records:
            for name in VOLATILE:
                record.pop(name, None)
            key, body = record["BPCNUM"], orjson.dumps(record, option=orjson.OPT_SORT_KEYS)
            digest = xxh3_128_digest(body)
            keys.append(key)
            known = self.hashes.get(key)
            if known == digest:
                continue
            rows.append((key, digest, body))
            if self.first:
                self.counts["r"] += 1
                continue
            before = self.db.execute("SELECT body FROM records WHERE key = ?", (key,)).fetchone() if known else None
            changes.append(("u" if before else "c", key, before and before[0], body))
        self.seen.update(keys)
        self.counts.update(change[0] for change in changes)
        self.db.executemany("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", rows)
        self.db.executemany(CHANGE, changes)
        return keys

    def finish(self, pages: int) -> int:
        """Remove what was not seen; return how many records there are."""
        gone = [key for (key,) in self.db.execute("SELECT key FROM records") if key not in self.seen]
        bodies = [self.db.execute("SELECT key, body FROM records WHERE key = ?", (key,)).fetchone() for key in gone]
        self.db.executemany(CHANGE, [("d", key, body, None) for key, body in bodies])
        self.db.executemany("DELETE FROM records WHERE key = ?", [(key,) for key in gone])
        self.db.execute("DELETE FROM pages WHERE number >= ?", (pages,))
        self.db.commit()
        self.counts["d"] = len(gone)
        return len(self.seen)


def main(base: str, folder: str, token_url: str, client_id: str, database: str, page_size: str) -> None:
    db = sqlite3.connect(database)
    db.executescript(SCHEMA)
    sweep, number = Sweep(db), 0
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": os.environ["TENANT_SECRET"]}
    with httpx.Client(timeout=60, trust_env=False) as client:
        token = client.post(token_url, data=form).raise_for_status().json()["access_token"]
        client.headers.update({"Authorization": f"Bearer {token}", "X-Sage-Folder": folder})
        asked = f"representation=BPCUSTOMER.$query&count={page_size}&orderBy=BPCNUM%20asc"
        url: str | None = f"{base}/api1/x3/erp/{folder}/BPCUSTOMER?{asked}"
        while url:
            url = sweep.page(number, client.get(url).raise_for_status().content)
            number += 1
    records = sweep.finish(number)
    db.close()
    print(json.dumps({"records": records, **{op: sweep.counts[op] for op in "rcud"}}))


if __name__ == "__main__":
    main(*sys.argv[1:])
