"""A source that asks a server of loopback, and what its failures say."""

from typing import Any

import pytest

from driftd.adapters.clock import SystemClock
from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.settings import Basic
from driftd.core.model import Query
from driftd.core.secret import Secret
from driftd.errors import SourceError
from tests.adapters.x3.scripted import CUSTOMERS, settings
from tests.adapters.x3.sockets import Answering, Server, listening

EMPTY = b'{"$resources":[]}'
PAGE = Query(5)


def reaching(port: int, *, scheme: str = "http", host: str = "127.0.0.1", **changes: Any) -> X3Source:
    given = settings(Basic("u", Secret("hunter2")), base_url=f"{scheme}://{host}:{port}", **changes)
    return X3Source(given, None, SystemClock())


async def failure(given: X3Source) -> SourceError:
    async with given:
        with pytest.raises(SourceError) as error:
            await given.page(CUSTOMERS, PAGE)
    assert 'connection "aldgate"' in str(error.value)
    assert error.value.hint
    return error.value


async def failure_of(answer: Answering, **changes: Any) -> tuple[SourceError, Server]:
    async with listening(answer) as server:
        return await failure(reaching(server.port, **changes)), server
