"""One writer a data directory; who looks does not stand in its way."""

import os
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

import pytest

from driftd.adapters.sqlite.lock import Lock, held, holder, wants_log
from driftd.errors import LockedError


def test_the_holder_is_named_while_it_holds(tmp_path: Path) -> None:
    """With when it began; before and after there is none, and no file is made by looking."""
    lock = tmp_path / "driftd.lock"
    assert holder(lock) is None
    assert not lock.exists()
    with held(lock):
        found = holder(lock)
        assert found is not None
        assert found.name.startswith(f"pid {os.getpid()} on ")
        assert found.since == lock.stat().st_mtime_ns // 1_000_000
    assert holder(lock) is None


def test_a_second_writer_is_refused_by_name(tmp_path: Path) -> None:
    """And the first one keeps what it has."""
    lock = tmp_path / "driftd.lock"
    with held(lock):
        with pytest.raises(LockedError, match=f"in use by pid {os.getpid()} on"), held(lock):
            pass
        assert holder(lock) is not None


def test_those_who_look_never_keep_a_writer_from_starting(tmp_path: Path) -> None:
    """However often they look at the moment at which it starts."""
    lock, over = tmp_path / "driftd.lock", Event()
    lock.touch()

    def look() -> None:
        while not over.is_set():
            holder(lock)

    lookers = [Thread(target=look) for _ in range(4)]
    for each in lookers:
        each.start()
    try:
        for _ in range(300):
            with held(lock):
                pass
    finally:
        over.set()
        for each in lookers:
            each.join()


def test_a_lock_ends_with_its_process_however_it_ends(tmp_path: Path) -> None:
    """A killed writer is no holder."""
    lock = tmp_path / "driftd.lock"
    code = (
        "import sys, pathlib; from driftd.adapters.sqlite.lock import held\n"
        "with held(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        found = holder(lock)
        assert found is not None
        assert found.name.startswith(f"pid {process.pid} on ")
        process.kill()
        process.wait()
        assert holder(lock) is None


@pytest.mark.parametrize(
    ("text", "torn", "known"),
    [
        (b"", False, False),
        (b"pid 1 on a\n", False, False),
        (b"pid 1 on a\nwrote\n", False, True),
        (b"pid 1 on a\nwrites\n", True, True),
        (b"pid 1 on a\nwrites\nrites\n", True, True),
        (b"pid 1 on a\nwrote\ns\n", False, True),
        (b"pid 1 on a\nleft\n", True, True),
    ],
)
def test_how_the_last_holder_ended_is_known_until_the_next_one_writes(
    text: bytes, torn: bool, known: bool, tmp_path: Path
) -> None:
    """However many are killed in between, and where a shorter line was written over a longer one."""
    lock = tmp_path / "driftd.lock"
    lock.write_bytes(text)
    for _ in range(2):
        with held(lock) as found:
            assert (found.torn, found.known) == (torn, known)
    with held(lock) as found:
        found.begins()
    size = lock.stat().st_size
    for does, wanted in ((Lock.leaves, False), (Lock.stays, False), (Lock.begins, True), (Lock.leaves, False)):
        with held(lock) as found:
            assert found.torn
            does(found)
        assert wants_log(lock) is wanted
    with held(lock) as found:
        found.ends()
    with held(lock) as found:
        assert (found.torn, found.known) == (False, True)
    assert lock.stat().st_size == size
