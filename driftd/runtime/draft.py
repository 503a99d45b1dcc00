"""What one look of the watch changes, until it is filed."""

from collections import defaultdict
from collections.abc import Iterator

from driftd.core.alerts.lifecycle import Evaluation
from driftd.core.alerts.model import Alert, Notice
from driftd.runtime.alarms import Alarms, Judged


class Draft:
    """All alerts as they will be."""

    def __init__(self, alarms: Alarms) -> None:
        self._alarms = alarms
        self._before = dict(alarms.all)
        self.alerts: dict[str, Alert] = dict(self._before)
        """By id."""
        self._changed: dict[str, Alert] = {each.id: each for each in alarms.unwritten}
        self._notices: defaultdict[str, list[Notice]] = defaultdict(list)
        self._dropped = 0

    def known(self, connection: str) -> list[Alert]:
        """Return the alerts of a connection, as the look found them."""
        return [self.alerts[each.id] for each in self._alarms.known(connection) if each.id in self.alerts]

    def add(self, evaluation: Evaluation) -> None:
        """Add what an evaluation changed."""
        for each in evaluation.alerts:
            self.alerts[each.id] = self._changed[each.id] = each
        for notice in evaluation.notices:
            self._notices[notice.alert.id].append(notice)
        self._dropped += evaluation.dropped

    @property
    def changes(self) -> int:
        """How many alerts are to be filed."""
        return len(self._changed)

    def judged(self, size: int) -> Iterator[Judged]:
        """Give it in groups of `size` alerts that are each written at once.

        Each notice goes with its alert. Wider scopes come first: a member that is attached to nothing that is known
        would be told by itself after a crash.
        """
        order = sorted(self._changed.values(), key=lambda each: (not each.group, each.id not in self._notices, each.id))
        dropped = self._dropped
        for start in range(0, len(order), size):
            alerts = tuple(order[start : start + size])
            notices = tuple(notice for each in alerts for notice in self._notices.get(each.id, ()))
            yield Judged(alerts, notices, {each.id: self._before.get(each.id) for each in alerts}, dropped)
            dropped = 0
