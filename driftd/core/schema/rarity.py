"""New, or only rare: the rule of three, and the exact binomial tail.

What was never seen in n records has, at 95 %, a rate of at most 3/n (Hanley and Lippman-Hand 1983). Seen k times in the
next m, it is new where that rate makes so many improbable; otherwise it was rare, and is learnt in silence.
"""

from math import exp, lgamma, log, log1p
from typing import Final

ENOUGH: Final = 300
"""Records in all of which something holds before *always* may be said: it fails in at most 1 %."""
IMPROBABLE: Final = 0.001
LEAST: Final = 3
"""Records below which nothing is reported: one clerk's slip is no change of form."""
SHARE: Final = 0.05
"""Share of the records written since below which it is an exception, not the form."""
LONG: Final = 60
"""Records after which an exception is learnt as such."""
_EVEN: Final = 0.5
_NEGLIGIBLE: Final = 1e-18


def bound(n: int) -> float:
    """Return the upper 95 % bound on the rate of what was never seen in `n` records."""
    return min(1.0, 3 / n) if n > 0 else 1.0


def tail(k: int, m: int, p: float) -> float:
    """Return the probability of at least `k` successes in `m` trials at rate `p`, exactly."""
    if k <= 0 or p >= 1:
        return 1.0 if k <= m else 0.0
    if k > m or p <= 0:
        return 0.0
    if k <= m * p:
        return max(0.0, 1 - sum(_term(i, m, p) for i in range(k)))
    total, i = 0.0, k
    while i <= m:
        term = _term(i, m, p)
        total += term
        if term < _NEGLIGIBLE * total or not total:
            break
        i += 1
    return min(1.0, total)


def improbable(k: int, m: int, n: int) -> bool:
    """Tell whether `k` in `m` is more than rarity explains, after none in `n`."""
    return k > 0 and tail(k, m, bound(n)) < IMPROBABLE


def reportable(k: int, m: int, n: int) -> bool:
    """Tell whether `k` in `m`, after none in `n`, is a change of form worth reporting."""
    return k >= LEAST and k >= SHARE * m and improbable(k, m, n)


def ordinary(k: int, m: int, n: int) -> bool:
    """Tell whether `k` in `m`, after none in `n`, is to be learnt in silence; until then it is watched."""
    return (m >= LONG and k < SHARE * m) or tail(k, m, bound(n)) >= _EVEN


def _term(i: int, m: int, p: float) -> float:
    return exp(lgamma(m + 1) - lgamma(i + 1) - lgamma(m - i + 1) + i * log(p) + (m - i) * log1p(-p))
