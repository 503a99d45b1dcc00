"""What every test shares: asyncio as in production."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """aiosqlite and uvicorn run on asyncio only."""
    return "asyncio"
