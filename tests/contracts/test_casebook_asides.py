"""What every `Casebook` promises of what persons put aside, and of the log of all that they did."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from driftd.core.health import NOT_ASIDE, Aside, Pause, Window
from driftd.ports import Casebook, Done, Filing, Pages
from tests.contracts.detecting import deed
from tests.contracts.noted import DAY, HOUR, NOW

PAUSE = Pause("they move house", "ops@example.com", NOW + DAY, NOW)
WINDOW = Window(NOW + HOUR, NOW + 2 * HOUR, "upgrade", "jo", NOW + HOUR + 1)


class TestAsides:
    async def test_the_last_word_counts_whole(self, casebook: Casebook) -> None:
        """Of each connection apart: what is not in it any more is gone, and so is one that is put aside by nothing."""
        assert await casebook.asides() == {}
        await casebook.file(Filing(asides={"acme": Aside(PAUSE, WINDOW), "globex": Aside(PAUSE)}))
        assert await casebook.asides() == {"acme": Aside(PAUSE, WINDOW), "globex": Aside(PAUSE)}
        later = Pause("stocktaking", "jo", NOW + 2 * DAY, NOW, NOW + HOUR)
        await casebook.file(Filing(asides={"acme": Aside(later), "globex": NOT_ASIDE}))
        assert await casebook.asides() == {"acme": Aside(later)}

    async def test_it_is_filed_with_its_deed(self, casebook: Casebook) -> None:
        """Both are there, or neither."""
        await casebook.file(Filing(asides={"acme": Aside(PAUSE)}, deeds=[deed()]))
        assert await casebook.asides() == {"acme": Aside(PAUSE)}
        assert await casebook.deeds("acme", 9) == [deed()]


class TestAudit:
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10, deadline=None)
    @given(st.data())
    async def test_pages_of_any_size_are_the_whole_log(self, casebook: Casebook, data: st.DataObject) -> None:
        """Newest first, of one connection or all, each deed once, whatever is done meanwhile."""
        first = len(await casebook.audit(Pages(10_000)))
        drawn = data.draw(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["acme", "globex", ""])), max_size=8))
        for number, (at, name) in enumerate(drawn):
            await casebook.file(Filing(deeds=[deed(NOW + at, f"s{first + number}", connection=name)]))
        connection = data.draw(st.none() | st.sampled_from(["acme", "globex", "nobody"]))
        since = data.draw(st.sampled_from([0, NOW + 2]))
        whole = await casebook.audit(Pages(10_000, connection, since))
        assert whole == sorted(whole, key=lambda each: (each.deed.at, each.number), reverse=True)
        everything = [each.deed for each in await casebook.audit(Pages(10_000))]
        assert len(everything) == first + len(drawn)
        chosen = [each for each in everything if connection in {None, each.connection} and each.at >= since]
        assert [each.deed for each in whole] == chosen
        size, before, pages = data.draw(st.integers(1, 3)), None, list[Done]()
        while page := await casebook.audit(Pages(size, connection, since, before)):
            assert len(page) <= size
            pages += page
            assert len(pages) <= len(whole)
            before = page[-1].deed.at, page[-1].number
            await casebook.file(Filing(deeds=[deed(NOW + 9, "meanwhile")]))
        assert pages == whole
