"""What every test shares: asyncio as in production."""

import pytest
from hypothesis import settings

settings.register_profile("unhurried", deadline=None, max_examples=60)  # no law is about this machine's speed
settings.load_profile("unhurried")


@pytest.fixture
def anyio_backend() -> str:
    """aiosqlite and uvicorn run on asyncio only."""
    return "asyncio"
