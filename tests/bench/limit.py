"""The limit: what nobody beats on stock httpx who keeps what is new.

    python limit.py BASE_URL FOLDER TOKEN_URL CLIENT_ID DATABASE PAGE_SIZE [cut]        (the secret in TENANT_SECRET)

Fetches the pages; one whose bytes are known is done with. Any other is split, each record hashed, and what is not known
of it stored as one compressed row. It tells no change, knows no key and finds no delete: it does the least that storing
needs. With `cut`, members that are new at each read are cut out of the bytes first.
"""

import asyncio
import json
import os
import re
import sqlite3
import sys

import httpx
import msgspec
import zstandard
from xxhash import xxh3_128_digest

SCHEMA = """
PRAGMA page_size = 32768;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS pages (number INTEGER PRIMARY KEY, hash BLOB NOT NULL, hashes BLOB NOT NULL, next TEXT);
CREATE TABLE IF NOT EXISTS bodies (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
"""
SIZE = 16
VOLATILE = re.compile(rb'"\$(?:uuid|etag)":"[^"]*",')


class Link(msgspec.Struct):
    url: str = msgspec.field(name="$url")


class Links(msgspec.Struct):
    next: Link | None = msgspec.field(name="$next", default=None)


class Envelope(msgspec.Struct):
    records: list[msgspec.Raw] = msgspec.field(name="$resources")
    links: Links = msgspec.field(name="$links")


DECODE = msgspec.json.Decoder(Envelope).decode


class Sweep:
    """One reading of the whole class."""

    def __init__(self, db: sqlite3.Connection, *, cut: bool) -> None:
        self.db = db
        self.cut = cut
        self.known: set[bytes] | None = None
        self.compress = zstandard.ZstdCompressor(level=1).compress
        self.records = 0

    def page(self, number: int, content: bytes) -> str | None:
        """Take one page; return the address of the next."""
        content = VOLATILE.sub(b"", content) if self.cut else content
        digest = xxh3_128_digest(content)
        row = self.db.execute("SELECT hash, hashes, next FROM pages WHERE number = ?", (number,)).fetchone()
        if row and row[0] == digest:
            self.records += len(row[1]) // SIZE
            return str(row[2]) if row[2] else None
        page = DECODE(content)
        link = page.links.next.url if page.links.next else None
        self.records += len(page.records)
        self.store(number, digest, page.records, link)
        return link

    def store(self, number: int, digest: bytes, records: list[msgspec.Raw], link: str | None) -> None:
        hashes = [xxh3_128_digest(record) for record in records]
        known = self.all_known()
        new = [bytes(record) for record, own in zip(records, hashes, strict=True) if own not in known]
        self.db.execute("INSERT OR REPLACE INTO pages VALUES (?, ?, ?, ?)", (number, digest, b"".join(hashes), link))
        if new:
            self.db.execute("INSERT INTO bodies (body) VALUES (?)", (self.compress(b",".join(new)),))
        self.db.commit()

    def all_known(self) -> set[bytes]:
        if self.known is None:
            packed = b"".join(hashes for (hashes,) in self.db.execute("SELECT hashes FROM pages"))
            self.known = {packed[at : at + SIZE] for at in range(0, len(packed), SIZE)}
        return self.known


async def read(sweep: Sweep, base: str, folder: str, token_url: str, client_id: str, page_size: str) -> None:
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": os.environ["TENANT_SECRET"]}
    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        answer = await client.post(token_url, data=form)
        token = answer.raise_for_status().json()["access_token"]
        client.headers.update({"Authorization": f"Bearer {token}", "X-Sage-Folder": folder})
        asked = f"representation=BPCUSTOMER.$query&count={page_size}&orderBy=BPCNUM%20asc"
        url: str | None = f"{base}/api1/x3/erp/{folder}/BPCUSTOMER?{asked}"
        number = 0
        while url:
            answer = await client.get(url)
            url = sweep.page(number, answer.raise_for_status().content)
            number += 1


def main(base: str, folder: str, token_url: str, client_id: str, database: str, page_size: str, *options: str) -> None:
    db = sqlite3.connect(database)
    db.executescript(SCHEMA)
    sweep = Sweep(db, cut="cut" in options)
    asyncio.run(read(sweep, base, folder, token_url, client_id, page_size))
    db.close()
    print(json.dumps({"records": sweep.records}))


if __name__ == "__main__":
    main(*sys.argv[1:])
