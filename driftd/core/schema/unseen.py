"""What the study of a shape does not see of records: members that field rules mask or drop, or show in another way now.

What is masked or dropped says nothing of its shape. What is hashed from now on, or no longer, looks other than before
without having changed: in the sweep that reads all of it anew its counts and its form begin again.
"""

from collections.abc import Callable, Collection
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from driftd.core.model import Change, Privacy
from driftd.core.veil import Rules, Veil, plain, unsettled

Strip: TypeAlias = Callable[[bytes], bytes]


class Unseen(Struct, frozen=True):
    """Members that are not seen."""

    veil: Veil
    """Masks all of them."""
    anew: Strip | None = None
    """Returns a canonical body with what begins again; None where nothing does."""

    def hides(self, path: str) -> bool:
        """Tell whether a path is not seen."""
        return self.veil.hides(path)

    def strip(self, body: bytes) -> bytes:
        """Return a canonical body without what is not seen."""
        return self.veil.compared(body)

    def change(self, change: Change) -> Change:
        """Return a change by what is seen of it."""
        before = None if change.before is None else self.strip(change.before)
        after = None if change.after is None else self.strip(change.after)
        changed = tuple(each for each in change.changed if not self.hides(_path(each)))
        return replace(change, before=before, after=after, changed=changed)


def unseen(before: Collection[Rules], now: Rules) -> Unseen | None:
    """Return what is not seen under the rules of now; `before` are those of before, in the sweep that changes them."""
    rules = unsettled(before, now)
    if not any(rule in (Privacy.MASK, Privacy.DROP) for rule in rules.values()):
        return None
    return Unseen(Veil((rules,), b""), Veil((now,), b"").compared if before else None)


def _path(pointer: str) -> str:
    """Return a JSON pointer as a path, positions left out."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    return plain(".".join(part for part in parts if not part.isdigit()))
