"""Thousands of small tenants in one cheap process: each class is one page that never changes.

Prints its address as one line of JSON once it listens, and ends when its standard input does. What X3 does with a
request is of no interest here, only that an answer comes quickly: the daemon is measured, not its tenants.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import sys
import threading
from typing import ClassVar

_TOKEN = json.dumps({"access_token": "t" * 40, "token_type": "Bearer", "expires_in": 3600}).encode()
_KEY = {"BPCUSTOMER": "BPCNUM", "ITMMASTER": "ITMREF", "BALANCE": "ACC", "ITMMVT": "ITMREF"}
_TARGET = re.compile(rb"^(GET|POST) (\S+) ")
_CLASS = re.compile(rb"/([A-Z]+)\?representation=")


def page(name: str, records: int) -> bytes:
    """Return a page of the query facet, with members as real ones have them."""
    key = _KEY.get(name, "NUM")
    rows = [
        {key: f"{name[:3]}{number:06}", "DES": f"record {number} of {name}", "AMT": number / 4, "STA": number % 3 + 1}
        for number in range(records)
    ]
    return json.dumps({"$itemsPerPage": 500, "$resources": rows, "$links": {}}, separators=(",", ":")).encode()


class Tenant(asyncio.Protocol):
    """One connection to any of the tenants."""

    pages: ClassVar[dict[bytes, bytes]] = {}
    records = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._waiting = b""

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        while b"\r\n\r\n" in self._waiting:
            head, rest = self._waiting.split(b"\r\n\r\n", 1)
            length = re.search(rb"(?i)content-length: (\d+)", head)
            size = int(length[1]) if length else 0
            if len(rest) < size:
                return
            self._waiting = rest[size:]
            self._transport.write(self._answer(head))

    def _answer(self, head: bytes) -> bytes:
        found, named = _TARGET.match(head), _CLASS.search(head)
        if found is None or found[1] == b"POST" or named is None:
            return _framed(_TOKEN)
        if named[1] not in self.pages:
            self.pages[named[1]] = _framed(page(named[1].decode(), self.records))
        return self.pages[named[1]]


def _framed(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=100)
    parser.add_argument("--core", type=int)
    asked = parser.parse_args()
    if asked.core is not None:
        os.sched_setaffinity(0, {asked.core})
    Tenant.records = asked.records
    threading.Thread(target=_until_left, daemon=True).start()
    server = await asyncio.get_running_loop().create_server(Tenant, "0.0.0.0", 0, backlog=4096)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


def _until_left() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(main())
