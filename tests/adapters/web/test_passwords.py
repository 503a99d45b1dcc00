"""Who has the right password is let in, and who has not takes as long."""

import queue
import threading
import time

import anyio
import anyio.lowlevel
import bcrypt
import pytest

from driftd.adapters.web import passwords as looked
from driftd.adapters.web.passwords import Passwords
from driftd.core.secret import Secret


def hashed(password: str, cost: int = 4) -> Secret:
    return Secret(bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode())


USERS = {"jo": hashed("right"), "al": Secret(hashed("über").reveal().replace("$2b$", "$2y$"))}


@pytest.mark.parametrize(
    ("name", "password", "right"),
    [
        ("jo", "right", True),
        ("al", "über", True),
        ("jo", "Right", False),
        ("jo", "über", False),
        ("jo", "", False),
        ("", "right", False),
        ("nobody", "right", False),
        ("jo", "right\x00", False),
        ("jo", "right" + "x" * 100, False),
        ("jo", "\ud800", False),
    ],
)
async def test_a_name_and_its_password_belong_together(name: str, password: str, right: bool) -> None:
    """What was right is remembered, and nothing else is."""
    users = Passwords(USERS)
    assert not users.remembered(name, password)
    assert await users.right(name, password) is right
    assert users.remembered(name, password) is right
    assert not users.remembered(f"{name}{password[:1]}", password[1:])


async def test_bytes_that_bcrypt_does_not_read_do_not_count() -> None:
    """It reads 72: a longer password is never right, however it begins."""
    users = Passwords({"jo": hashed("x" * 72)})
    assert await users.right("jo", "x" * 72)
    assert not await users.right("jo", "x" * 73)


async def test_a_name_that_is_none_takes_as_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same is done for it, at the greatest cost there is."""
    seen: list[bytes] = []

    def check(password: bytes, told: bytes) -> bool:
        seen.append(told)
        return True

    monkeypatch.setattr(bcrypt, "checkpw", check)
    users = Passwords(USERS | {"dear": Secret("$2b$12$" + "a" * 53)})
    assert not await users.right("nobody", "x")
    assert seen[0].startswith(b"$2b$12$")


async def test_a_hash_of_nobody_is_one_that_bcrypt_reads() -> None:
    """Else it would be refused at once."""
    begun = time.thread_time()
    assert not bcrypt.checkpw(b"x", Passwords({"jo": hashed("x", 8)})._nobody)
    assert time.thread_time() - begun > 0.001


async def test_so_many_are_looked_at_at_once_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look takes a processor; the event loop goes on meanwhile."""
    looks, enough = queue.SimpleQueue[None](), threading.Event()

    def check(_password: bytes, _told: bytes) -> bool:
        looks.put(None)
        assert enough.wait(20)
        return False

    monkeypatch.setattr(bcrypt, "checkpw", check)
    users = Passwords(USERS)
    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(users.right, "jo", "x")
        with anyio.fail_after(20):
            while looks.qsize() < looked.AT_ONCE or users._room.statistics().tasks_waiting < 8 - looked.AT_ONCE:
                await anyio.lowlevel.checkpoint()
        assert looks.qsize() == looked.AT_ONCE
        enough.set()
    assert looks.qsize() == 8


async def test_not_more_are_remembered_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looked, "REMEMBERED", 1)
    users = Passwords(USERS)
    assert await users.right("jo", "right")
    assert await users.right("al", "über")
    assert (users.remembered("jo", "right"), users.remembered("al", "über")) == (False, True)


async def test_what_is_remembered_is_no_password() -> None:
    users = Passwords(USERS)
    await users.right("jo", "right")
    assert b"right" not in b"".join(users._right)
    assert "$2" not in repr(USERS)
