"""What every `Casebook` promises of alerts, of what is told of them and of what is done about them."""

from msgspec.structs import replace

from driftd.core.alerts.model import Alert, AlertState, Telling
from driftd.ports import Casebook, Detected, Filing, Store
from tests.contracts.detecting import alert, deed, notice
from tests.contracts.noted import NOW
from tests.contracts.staged import created, poll


class TestAlerts:
    async def test_open_ones_are_listed_by_id(self, store: Store, casebook: Casebook) -> None:
        """Pending and firing ones of all connections or of one, whoever wrote them."""
        pending = [alert(f"p{n}", AlertState.PENDING) for n in range(5)]
        firing = [alert(f"f{n}", connection="globex") for n in range(5)]
        await poll(store, detected=Detected(alerts=[*pending, alert("over", AlertState.RESOLVED)]))
        await casebook.file(Filing(alerts=firing))
        assert await casebook.alerts() == sorted([*pending, *firing], key=_id)
        assert await casebook.alerts(connection="acme") == sorted(pending, key=_id)
        assert await casebook.alerts(connection="globex") == sorted(firing, key=_id)
        assert await casebook.alerts(connection="nobody") == []

    async def test_those_resolved_lately_may_be_listed_too(self, casebook: Casebook) -> None:
        """From the moment itself on; an open one is listed whenever it began."""
        over = [alert(f"r{n}", AlertState.RESOLVED, since=NOW + n, connection=f"c{n % 2}") for n in range(4)]
        still = alert("open", AlertState.PENDING, since=NOW - 99, connection="c1")
        await casebook.file(Filing(alerts=[*over, still]))
        assert await casebook.alerts() == [still]
        assert await casebook.alerts(resolved_since=NOW + 2) == sorted([*over[2:], still], key=_id)
        assert await casebook.alerts(connection="c0", resolved_since=NOW + 2) == [over[2]]
        assert await casebook.alerts(connection="c1", resolved_since=NOW + 4) == [still]

    async def test_one_is_found_by_its_id_whatever_its_state(self, casebook: Casebook) -> None:
        """An alert is one over time: pending, firing, resolved, and open again."""
        for n, state in enumerate((*AlertState, AlertState.FIRING)):
            each = alert("one", state, count=n)
            await casebook.file(Filing(alerts=[each]))
            assert await casebook.alert(each.id) == each
            assert await casebook.alerts() == ([] if state is AlertState.RESOLVED else [each])


class TestNotices:
    async def test_they_are_told_in_the_order_in_which_they_were_written(
        self, store: Store, casebook: Casebook
    ) -> None:
        """Any reading on from any seq, in pages of any size, gives the same stream; seqs rise."""
        ones = [notice(alert("a", connection="c0"), NOW - n) for n in range(3)]
        others = [notice(alert("b", connection="c1"), NOW + n) for n in range(3)]
        await poll(store, created("a"), detected=Detected(notices=ones))
        await casebook.file(Filing(notices=others))
        whole = await casebook.notices(0, 100)
        assert [told.notice for told in whole] == [*ones, *others]
        assert [told.seq for told in whole] == sorted({told.seq for told in whole})
        for n, told in enumerate(whole, 1):
            assert await casebook.notices(told.seq, 100) == whole[n:]
            assert await casebook.notices(told.seq, 2) == whole[n : n + 2]
            assert await casebook.notices(told.seq, 2, connection="c1") == whole[max(n, 3) : max(n, 3) + 2]
        assert await casebook.notices(0, 0) == []
        assert await casebook.notices(0, 100, connection="c") == []

    async def test_one_that_was_told_is_not_told_again(self, store: Store, casebook: Casebook) -> None:
        """A cycle that runs again after a crash tells what is new only; what was told stays as it was."""
        each = alert()
        first = notice(each)
        await poll(store, detected=Detected(notices=[first]))
        before = await casebook.notices(0, 100)
        again = [replace(first, alert=alert(count=9)), notice(each, telling=Telling.SEVERITY)]
        await poll(store, created("a"), created("b"), detected=Detected(notices=again))
        await casebook.file(Filing(notices=again[:1]))
        told = await casebook.notices(0, 100)
        assert told[:1] == before
        assert [one.notice for one in told] == [first, again[1]]
        assert await casebook.notices(before[0].seq, 100) == told[1:]


class TestDeeds:
    async def test_they_are_told_from_the_newest_on(self, casebook: Casebook) -> None:
        """Of one connection; of those done at once the one written later first."""
        for at, subject in ((5, "a"), (9, "b"), (5, "c"), (1, "d")):
            await casebook.file(Filing(deeds=[deed(NOW + at, subject), deed(NOW, subject, connection="globex")]))
        assert [each.subject for each in await casebook.deeds("acme", 9)] == [*"bcad"]
        assert await casebook.deeds("acme", 2) == [deed(NOW + 9, "b"), deed(NOW + 5, "c")]
        assert [each.connection for each in await casebook.deeds("globex", 3)] == ["globex"] * 3
        assert await casebook.deeds("nobody", 9) == []


def _id(each: Alert) -> str:
    return each.id
