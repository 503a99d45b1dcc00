import anyio

from driftd.runtime.locks import Locks

NAME = ("aldgate", "SORDER")


async def test_a_name_has_one_lock_for_as_long_as_somebody_holds_or_waits_for_it() -> None:
    locks, order = Locks(), []
    held = anyio.Event()

    async def second() -> None:
        await held.wait()
        async with locks[NAME]:
            order.append("second")

    async with anyio.create_task_group() as group:
        group.start_soon(second)
        async with locks[NAME]:
            held.set()
            await anyio.wait_all_tasks_blocked()
            order.append("first")
    assert order == ["first", "second"]


async def test_a_lock_that_nobody_has_in_hand_is_gone() -> None:
    locks = Locks()
    async with locks[NAME], locks["borough", "SORDER"]:
        assert len(locks._locks) == 2
    assert len(locks._locks) == 0
