"""The same pages over driftd's own transport, read and dropped: what is left of driftd's time beside it is driftd's.

python -m tests.bench.fetch CONFIG
"""

import json
import sys
from pathlib import Path

import anyio

from driftd import app
from driftd.config import Config, load
from driftd.core.model import Query


async def read(config: Config) -> int:
    (connection,) = config.connections
    (resource,) = connection.resources
    query: Query | None = Query(resource.page_size)
    pages = 0
    async with app.connected(connection) as source:
        while query:
            page = await source.page(resource, query)
            query = Query(resource.page_size, next=page.next) if page.next else None
            pages += 1
    return pages


if __name__ == "__main__":
    print(json.dumps({"pages": anyio.run(read, load(Path(sys.argv[1]), app.catalogue()))}))
