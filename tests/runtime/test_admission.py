"""Whom a token lets in, for how long, and what is noted of it."""

from typing import Any

import anyio
import pytest
from msgspec.structs import replace

from driftd.core.access import Caller, Scope, Token, digest_of
from driftd.core.decision import Word
from driftd.errors import DecisionError, FencedError, StoreError
from driftd.runtime.admission import Admission
from tests.fakes.log import Line, Told
from tests.fakes.memory_tokens import MemoryTokens

WORD = Word("jo", "why")
NOW = 1_000_000_000


class Hand:
    """A clock that is set by hand; who sleeps waits for the next `turn`."""

    def __init__(self) -> None:
        self.at = NOW
        self.sleeping = anyio.Event()
        self._turned = anyio.Event()

    def now(self) -> int:
        return self.at

    def monotonic(self) -> float:
        return self.at / 1000

    async def sleep(self, seconds: float) -> None:
        assert seconds == 60
        self.sleeping.set()
        await self._turned.wait()

    def turn(self) -> None:
        turned, self._turned, self.sleeping = self._turned, anyio.Event(), anyio.Event()
        turned.set()


class Desk:
    """An admission, and all around it."""

    def __init__(self) -> None:
        self.clock = Hand()
        self.store = MemoryTokens()
        self.lines: list[Line] = []
        self.names = {"aldgate"}
        self.admission = Admission(self.store, lambda: self.names, self.clock, Told(self.lines))

    async def make(self, text: str = "secret", **more: Any) -> str:
        made = Token("grafana", digest_of(text), Scope.READ, 0, "x")
        return await self.admission.make(replace(made, **more), WORD)


async def test_a_token_lets_its_bearer_in_from_its_making_to_its_revocation() -> None:
    desk = Desk()
    assert desk.admission.bearer("secret") is None
    assert await desk.make(connection="aldgate") == 'the token "grafana" lets its bearers read "aldgate" only'
    assert desk.admission.bearer("secret") == Caller("token grafana", Scope.READ, "aldgate")
    assert desk.admission.bearer("Secret") is None
    assert await desk.admission.revoke("grafana", WORD) == 'the token "grafana" lets nobody in any more'
    assert desk.admission.bearer("secret") is None
    assert [(each.action, each.subject, each.connection, each.before, each.after) for each in desk.store.deeds] == [
        ("make_token", "grafana", "aldgate", "", 'read "aldgate" only'),
        ("revoke_token", "grafana", "aldgate", 'read "aldgate" only', ""),
    ]


async def test_what_is_stored_is_no_token() -> None:
    desk = Desk()
    await desk.make()
    (kept,) = desk.store.kept.values()
    assert (kept.made_at, kept.made_by) == (NOW, "jo")
    assert b"secret" not in kept.digest
    assert "secret" not in repr(desk.store.deeds)


async def test_a_token_ends_at_its_end_and_keeps_the_doors_closed() -> None:
    """An expired one is still one: that it ends opens nothing to those without."""
    desk = Desk()
    await desk.make(expires_at=NOW + 1)
    assert desk.admission.bearer("secret") is not None
    desk.clock.at += 1
    assert desk.admission.bearer("secret") is None
    assert len(desk.admission) == 1


async def test_a_new_start_lets_the_same_in() -> None:
    desk = Desk()
    await desk.make()
    other = Admission(desk.store, set, desk.clock, Told([]))
    assert other.bearer("secret") is None
    await other.load()
    assert other.bearer("secret") == Caller("token grafana", Scope.READ)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"name": "no good"}, "can be called so"),
        ({"name": "x" * 65}, "can be called so"),
        ({"digest": b"short"}, "no SHA-256"),
        ({"expires_at": NOW}, "expired already"),
        ({"connection": "nobody"}, 'no connection is named "nobody"'),
    ],
)
async def test_what_can_be_no_token_is_refused(more: dict[str, Any], says: str) -> None:
    desk = Desk()
    with pytest.raises(DecisionError, match=says) as caught:
        await desk.make(**more)
    assert caught.value.invalid
    assert desk.store.kept == {}
    assert len(desk.admission) == 0


async def test_one_that_is_not_there_cannot_be_revoked() -> None:
    with pytest.raises(DecisionError, match='no token "x"') as caught:
        await Desk().admission.revoke("x", WORD)
    assert caught.value.unknown


async def test_a_store_that_fails_lets_nobody_in() -> None:
    """Neither is a token made in memory alone, nor is one revoked there alone."""
    desk = Desk()
    desk.store.failing = StoreError("the disk is full")
    with pytest.raises(StoreError):
        await desk.make()
    assert desk.admission.bearer("secret") is None
    desk.store.failing = None
    await desk.make()
    desk.store.failing = StoreError("the disk is full")
    with pytest.raises(StoreError):
        await desk.admission.revoke("grafana", WORD)
    assert desk.admission.bearer("secret") is not None


async def test_uses_are_noted_once_a_minute() -> None:
    """However often a token is used meanwhile; and what is left is noted at the end."""
    desk = Desk()
    await desk.make()
    async with anyio.create_task_group() as group:
        group.start_soon(desk.admission.run)
        for _ in range(100):
            desk.admission.bearer("secret")
        await desk.clock.sleeping.wait()
        assert (desk.store.writes, desk.store.kept["grafana"].used_at) == (1, NOW)
        desk.clock.at += 59_999
        desk.admission.bearer("secret")
        desk.clock.turn()
        await anyio.wait_all_tasks_blocked()
        assert desk.store.writes == 1
        desk.clock.at += 1
        desk.admission.bearer("secret")
        await desk.clock.sleeping.wait()
        desk.clock.at += 60_000
        desk.admission.bearer("secret")
        assert desk.admission.listed()[0].used_at == NOW + 120_000
        group.cancel_scope.cancel()
    assert (desk.store.writes, desk.store.kept["grafana"].used_at) == (3, NOW + 120_000)


async def test_a_clock_that_was_set_back_is_noted_in_memory() -> None:
    """A token that was used in what is the future now is not noted at every use from then on."""
    desk = Desk()
    await desk.make()
    desk.admission.bearer("secret")
    desk.clock.at -= 3_600_000
    desk.admission.bearer("secret")
    assert desk.admission.listed()[0].used_at == NOW - 3_600_000


async def test_a_use_that_cannot_be_noted_is_a_line_in_the_log() -> None:
    desk = Desk()
    await desk.make()
    desk.store.failing = StoreError("the disk is full")
    async with anyio.create_task_group() as group:
        group.start_soon(desk.admission.run)
        desk.admission.bearer("secret")
        await desk.clock.sleeping.wait()
        group.cancel_scope.cancel()
    assert [event for _, event, _ in desk.lines] == ["use of tokens not noted"]


async def test_who_lost_the_store_ends() -> None:
    desk = Desk()
    await desk.make()
    desk.store.fence()
    desk.admission.bearer("secret")
    with pytest.raises(FencedError):
        await desk.admission.run()


async def test_who_is_bound_to_a_connection_that_went_is_not_let_in() -> None:
    """Nor is its last use noted; others are let in as before."""
    desk = Desk()
    await desk.make(connection="aldgate")
    await desk.make("other", name="other")
    for text in ("secret", "other"):
        assert desk.admission.bearer(text) is not None
    desk.admission.unbound("aldgate")
    assert (desk.admission.bearer("secret"), len(desk.admission)) == (None, 1)
    async with anyio.create_task_group() as group:
        group.start_soon(desk.admission.run)
        await desk.clock.sleeping.wait()
        group.cancel_scope.cancel()
    assert {name: each.used_at for name, each in desk.store.kept.items()} == {"grafana": None, "other": NOW}


async def test_no_token_is_made_for_a_connection_that_is_going() -> None:
    """Who asks for one meanwhile waits, and is told that it is gone."""
    desk, told = Desk(), list[DecisionError]()

    async def make() -> None:
        with pytest.raises(DecisionError) as caught:
            await desk.make(connection="aldgate")
        told.append(caught.value)

    async with anyio.create_task_group() as group, desk.admission.changing:
        group.start_soon(make)
        await anyio.wait_all_tasks_blocked()
        assert desk.store.kept == {}
        desk.names.clear()
    assert [str(each) for each in told] == ['no connection is named "aldgate"']
