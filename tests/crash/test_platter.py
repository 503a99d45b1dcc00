"""A disk loses what was not synced, and nothing else."""

from pathlib import Path
from random import Random
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.crash.disk import Touch
from tests.crash.platter import LOSSES, Deed, Loss, Moved, Platter, Settled

A: Final = Path("a")
B: Final = Path("b")
writes = st.builds(Touch, st.just("write"), st.sampled_from([A, B]), st.integers(0, 3_000), st.binary(min_size=1))
cuts = st.builds(Touch, st.just("cut"), st.sampled_from([A, B]), st.integers(0, 3_000))


def left(*deeds: Deed, loss: Loss, seed: int = 1) -> dict[Path, bytes]:
    """Return what is left of a file that holds two sectors of ones."""
    platter = Platter({A: b"1" * 1024})
    platter.take(deeds)
    return platter.left(loss, Random(seed))


@given(st.lists(writes | cuts), st.sampled_from(LOSSES), st.integers())
def test_what_was_synced_is_there_however_the_power_is_lost(deeds: list[Touch], loss: Loss, seed: int) -> None:
    """Byte for byte, as it was when nothing is lost at all."""
    synced = [*deeds, Touch("sync", A), Touch("sync", B)]
    whole = left(*synced, loss="none")
    assert left(*synced, loss=loss, seed=seed) == whole
    assert left(*deeds, loss="none")[A] == whole[A]


@given(st.lists(writes | cuts))
def test_without_a_sync_all_may_be_lost(deeds: list[Touch]) -> None:
    """The file is what it was, and one that is new is not there."""
    assert left(*deeds, loss="all") == {A: b"1" * 1024}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_write_may_be_torn_at_a_sector_and_no_finer(loss: Loss) -> None:
    """Each sector is the old one or the new one."""
    for seed in range(50):
        found = left(Touch("write", A, 0, b"2" * 1024), loss=loss, seed=seed)[A]
        assert {found[:512], found[512:]} <= {b"1" * 512, b"2" * 512}


def test_a_name_is_for_certain_once_its_directory_is_synced() -> None:
    """Before that the old one may be back; a removal too may be undone."""
    moved, removed = Moved(A, B), Touch("remove", A)
    assert left(moved, loss="all") == {A: b"1" * 1024}
    assert left(moved, loss="none") == {B: b"1" * 1024}
    assert left(moved, Settled(Path()), loss="all") == {B: b"1" * 1024}
    assert left(removed, loss="all") == {A: b"1" * 1024}
    assert left(removed, Settled(Path()), loss="all") == {}
    assert left(Touch("remove", A, 1), loss="all") == {}


def test_a_file_keeps_what_was_written_to_it_under_another_name() -> None:
    """It is synced under the new one, and lost under the old one with it."""
    deeds = (Touch("write", A, 0, b"2"), Moved(A, B), Settled(Path()))
    assert left(*deeds, Touch("sync", B), loss="all")[B][:2] == b"21"
    assert left(*deeds, loss="all")[B][:2] == b"11"
