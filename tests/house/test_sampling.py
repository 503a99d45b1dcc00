"""What grows is told from what only varies."""

from random import Random

from tests.house.sampling import COLUMNS, Sample, grown


def samples(rise: float, noise: float, count: int = 80) -> list[Sample]:
    """Return a daemon's figures, of which the memory rises by so much from first to last, and varies."""
    chance = Random(1)
    rest = dict.fromkeys(COLUMNS, 5.0)
    memory = [100 + rise * n / count + chance.gauss(0, noise) for n in range(count)]
    return [rest | {"seconds": 10.0 * n, "resident_mb": each} for n, each in enumerate(memory)]


def test_what_varies_is_flat() -> None:
    """However much it varies about the same figure."""
    assert grown(samples(rise=0, noise=0)) == []
    assert grown(samples(rise=0, noise=30)) == []


def test_what_rises_is_told() -> None:
    """Also among noise, by the means of two quarters or by the second half alone."""
    assert "resident_mb grew" in grown(samples(rise=60, noise=2))[0]
    late = samples(rise=0, noise=1)
    for n, each in enumerate(late[60:]):
        each["resident_mb"] += 2 * n
    assert [line.split(" by")[0] for line in grown(late)][-1:] == ["resident_mb rose"]


def test_a_few_samples_say_nothing() -> None:
    """They may be of a daemon that has just begun."""
    assert grown(samples(rise=500, noise=0, count=7)) == []
