"""The faults that one tenant of ten can be struck by, each as a block: on while it lasts."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from driftd.core.budget import Budget
from driftd.simulator import Fault
from driftd.simulator.faults import Kind
from tests.house.ten import CLASSES, STRUCK, Ten

Trouble = Callable[[Ten], AbstractAsyncContextManager[None]]
TOKEN = "/auth/token"
NAME = CLASSES[0]


def spoilt(kind: Kind, **how: Any) -> Trouble:
    """Spoil answers of the tenant."""

    @asynccontextmanager
    async def trouble(house: Ten) -> AsyncIterator[None]:
        house.struck.faults.append(Fault(kind, **how))
        yield
        house.struck.faults.clear()

    return trouble


def at_token(kind: Kind, **how: Any) -> Trouble:
    """Spoil the answers of the token endpoint, and end the token in hand."""

    @asynccontextmanager
    async def trouble(house: Ten) -> AsyncIterator[None]:
        async with spoilt(kind, path=TOKEN, **how)(house):
            house.struck.revoke_tokens()
            yield

    return trouble


def switched(**positions: Any) -> Trouble:
    """Move switches of the tenant, and end the token in hand."""

    @asynccontextmanager
    async def trouble(house: Ten) -> AsyncIterator[None]:
        before = house.struck.switches.shown()
        house.struck.switches.move(positions)
        house.struck.revoke_tokens()
        yield
        house.struck.switches.move({name: before[name] for name in positions})

    return trouble


def withheld(accesses: Mapping[str, str]) -> Trouble:
    """Let classes not be read."""

    @asynccontextmanager
    async def trouble(house: Ten) -> AsyncIterator[None]:
        house.struck.set_access(accesses)
        yield
        house.struck.set_access(dict.fromkeys(accesses, "open"))

    return trouble


@asynccontextmanager
async def nameless(house: Ten) -> AsyncIterator[None]:
    """Have the tenant's name not found."""
    house.names.unknown.update(house.names.known)
    await house.door.cut()
    yield
    house.names.unknown.clear()


@asynccontextmanager
async def closed(house: Ten) -> AsyncIterator[None]:
    """Have connections refused."""
    await house.door.close()
    yield
    await house.door.open()


@asynccontextmanager
async def crowded(house: Ten) -> AsyncIterator[None]:
    """Have connects go unanswered."""
    await house.door.close()
    with house.door.crowded():
        yield
    await house.door.open()


@asynccontextmanager
async def reset(house: Ten) -> AsyncIterator[None]:
    """Have connections reset once something is asked."""
    await house.door.reset(resets=True)
    yield
    await house.door.reset(resets=False)


def certified(certificate: str | None) -> Trouble:
    """Have the tenant show another certificate, or none."""

    @asynccontextmanager
    async def trouble(house: Ten) -> AsyncIterator[None]:
        await house.door.certify(certificate)
        yield
        await house.door.certify("good")

    return trouble


@asynccontextmanager
async def rotated(house: Ten) -> AsyncIterator[None]:
    """Have the secret replaced, until we are told the new one."""
    async with rotated_unseen(house):
        house.struck.revoke_tokens()
        yield


@asynccontextmanager
async def rotated_unseen(house: Ten) -> AsyncIterator[None]:
    """Have the secret replaced while the token in hand goes on being taken, until we are told the new one."""
    fresh = house.struck.rotate_secret()
    yield
    house.secret.write_text(fresh)


@asynccontextmanager
async def unsaid(house: Ten) -> AsyncIterator[None]:
    """Have the secret replaced, and the file where the new one must stand missing."""
    fresh = house.struck.rotate_secret()
    house.secret.unlink()
    house.struck.revoke_tokens()
    yield
    house.secret.write_text(fresh)


@asynccontextmanager
async def moved(house: Ten) -> AsyncIterator[None]:
    """Have the endpoint answer under another name."""
    endpoint, house.struck.endpoint = house.struck.endpoint, "ELSEWHERE"
    yield
    house.struck.endpoint = endpoint


@asynccontextmanager
async def decimated(house: Ten) -> AsyncIterator[None]:
    """Have half of the records gone at once, and come back."""
    tenant = house.struck
    kept = dict(list(tenant.records(NAME).items())[::2])
    with tenant.lock:
        for key in kept:
            tenant.remove(NAME, key)
    yield
    with tenant.lock:
        for record in kept.values():
            tenant.put(NAME, record)


@asynccontextmanager
async def doubled(house: Ten) -> AsyncIterator[None]:
    """Have two different records under one key."""
    tenant = house.struck
    key, record = next(iter(tenant.records(NAME).items()))
    tenant.put_duplicate(NAME, key, {"BPCNAM": "another"})
    yield
    with tenant.lock:
        tenant.remove(NAME, key)
        tenant.put(NAME, record)


@asynccontextmanager
async def spent(house: Ten) -> AsyncIterator[None]:
    """Wait for the day's requests to be used up, and in the end for the next day."""
    yield
    house.clock.ahead += Budget(1, 1, "UTC").next_day(house.clock.now()) - house.clock.now()


@asynccontextmanager
async def full(house: Ten) -> AsyncIterator[None]:
    """Have no room in the store for what the tenant says."""
    house.full.full = True
    yield
    house.full.full = False


@asynccontextmanager
async def buggy(house: Ten) -> AsyncIterator[None]:
    """Have a bug of ours hit the tenant's polls."""
    house.sources[STRUCK].broken = True
    yield
    house.sources[STRUCK].broken = False
