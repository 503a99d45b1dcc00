"""Levels, counts, libraries, and a stream that fails."""

import io
import logging
import warnings
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.adapters.logs import LEVELS, Logs, Redaction, library_messages
from tests.adapters.logs.reading import FixedClock, Written

NAMES = list(LEVELS)


@given(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES)))
def test_only_what_reaches_the_level_is_written_and_counted(level: str, said: list[str]) -> None:
    """The counts are those of the lines that stand on the stream."""
    here = Written(level=level)
    for each in said:
        getattr(here.log, each)("said")
    written = [each for each in said if NAMES.index(each) >= NAMES.index(level)]
    assert here.logs.counts == {each: written.count(each) for each in NAMES}
    assert here.text.count("\n") == len(written)


def test_the_level_changes_for_all_that_was_bound() -> None:
    """A reload reaches the log of every poller."""
    here = Written(level="error")
    bound = here.log.bind(connection="c").bind(resource="R")
    bound.info("before")
    here.logs.set_level("info")
    bound.info("after")
    assert here.only()["msg"] == "after"


def test_an_unknown_level_or_form_is_refused() -> None:
    """The configuration has checked them before."""
    for level, form in (("loud", "json"), ("info", "xml")):
        with pytest.raises(KeyError):
            Logs(io.StringIO(), FixedClock(), level=level, form=form, redaction=Redaction())


def test_binding_changes_nothing_of_the_log_it_is_bound_from() -> None:
    """One connection's name is on no other's lines."""
    here = Written()
    here.log.bind(connection="c")
    here.log.info("said")
    assert "connection" not in here.only()


class Failing(io.StringIO):
    """A stream that fails at what it is told to."""

    def __init__(self, error: Exception, at: str) -> None:
        super().__init__()
        self.error = error
        self.at = at

    def write(self, text: str) -> int:
        return self._do("write", lambda: super(Failing, self).write(text))

    def flush(self) -> None:
        self._do("flush", lambda: 0)

    def _do(self, name: str, act: Callable[[], int]) -> int:
        if name == self.at:
            raise self.error
        return act()


@pytest.mark.parametrize("at", ["write", "flush"])
@pytest.mark.parametrize(
    "error",
    [BrokenPipeError(), BlockingIOError(), OSError(28, "no space"), ValueError("closed"), RuntimeError("reentrant")],
)
def test_a_stream_that_fails_costs_the_line_alone(error: Exception, at: str) -> None:
    """The daemon goes on, and says later how many lines are missing."""
    stream = Failing(error, at)
    logs = Logs(stream, FixedClock(), redaction=Redaction())
    logs.log.error("lost")
    stream.at = ""
    logs.log.error("kept")
    assert (logs.dropped, logs.counts["error"]) == (1, 1)


def test_a_closed_stream_raises_nothing() -> None:
    """As when stderr is closed before the daemon."""
    stream = io.StringIO()
    logs = Logs(stream, FixedClock(), redaction=Redaction())
    stream.close()
    logs.log.error("lost")
    assert logs.dropped == 1


@pytest.mark.parametrize("ms", [-1, 10**18, -(10**18)])
def test_a_clock_gone_mad_gets_its_line(ms: int) -> None:
    """A wrong time is no reason to lose what is said."""
    stream = io.StringIO()
    Logs(stream, FixedClock(ms), redaction=Redaction()).log.error("said")
    assert "msg=said" in stream.getvalue()


def test_libraries_speak_through_the_log_from_warning_up() -> None:
    """Their text is a fact, in our form, without secrets, with the traceback where there is one."""
    here = Written("json", redaction=Redaction(["hunter22"]))
    library = logging.getLogger("a.library")
    with library_messages(here.log):
        library.info("nobody asked")
        library.warning("the %s of\n%s", "password", "hunter22")
    read = here.only()
    assert (read["level"], read["msg"], read["logger"]) == ("warning", "library message", "a.library")
    assert read["text"] == "the password of\n<secret>"


def test_a_librarys_exception_is_a_bug() -> None:
    """What a library logs with its traceback is ours to read."""
    here = Written("json")
    with library_messages(here.log):
        try:
            NAMES.index("lost")
        except ValueError:
            logging.getLogger("asyncio").critical("it failed", exc_info=True)
    assert (here.only()["level"], here.only()["error"]) == ("error", "ValueError: 'lost' is not in list")
    assert "Traceback" in here.only()["traceback"]


def test_a_library_that_formats_wrongly_ends_nothing() -> None:
    """Its message is shown as it was written."""
    here = Written("json")
    with library_messages(here.log):
        logging.getLogger("a.library").warning("%d of %d", *"x")
    assert here.only()["text"] == "%d of %d"


def test_a_warning_of_python_is_logged_too() -> None:
    """It would otherwise go to stderr on lines of its own."""
    here = Written("json")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with library_messages(here.log):
            warnings.warn("old way", DeprecationWarning, stacklevel=1)
    assert here.only()["logger"] == "py.warnings"


def test_libraries_get_their_own_way_back() -> None:
    """What was set before is set afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    with library_messages(Written().log):
        assert root.handlers != before[0]
    assert (root.handlers, root.level) == before
