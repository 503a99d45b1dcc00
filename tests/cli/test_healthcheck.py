"""``driftd healthcheck``: whether the daemon answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from driftd.cli.healthcheck import asked as whom
from tests.cli.conftest import Driftd


@contextmanager
def answering(status: int, asked: list[str]) -> Iterator[int]:
    """Answer every request with `status` and note its path; gives the port."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1), (404, 1), (302, 1)])
def test_only_200_is_healthy(driftd: Driftd, status: int, code: int) -> None:
    """Without a path it asks the daemon's own."""
    asked: list[str] = []
    with answering(status, asked) as port:
        ran = driftd("healthcheck", "--url", f"http://127.0.0.1:{port}")
    assert (ran.code, asked) == (code, ["/-/healthy"])
    assert (ran.out == "healthy\n") == (code == 0)
    assert (str(status) in ran.err) == (code == 1)


def test_the_configured_address_is_asked(driftd: Driftd, tmp_path: Path) -> None:
    """Where it listens on all addresses, the nearest one."""
    asked: list[str] = []
    with answering(200, asked) as port:
        (tmp_path / "driftd.toml").write_text(f'[web]\nlisten = "0.0.0.0:{port}"\n')
        assert driftd("healthcheck").code == 0
    assert asked == ["/-/healthy"]


@pytest.mark.parametrize(
    ("listen", "place"),
    [
        ("127.0.0.1:9420", "127.0.0.1:9420"),
        (":9420", "127.0.0.1:9420"),
        ("0.0.0.0:9420", "127.0.0.1:9420"),
        ("[::]:9420", "[::1]:9420"),
        ("[::1]:9420", "[::1]:9420"),
        ("driftd.example:80", "driftd.example:80"),
    ],
)
def test_whom_to_ask_follows_from_where_it_listens(listen: str, place: str) -> None:
    """An address of its own is asked as it is."""
    assert whom(listen) == place


def test_who_does_not_answer_is_not_healthy(driftd: Driftd) -> None:
    """And is told what to do, without a traceback."""
    with answering(200, []) as port:
        pass
    ran = driftd("healthcheck", "--url", f"http://127.0.0.1:{port}/")
    assert (ran.code, ran.out) == (1, "")
    assert "does not answer (Connection refused): start the daemon" in ran.err


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:9420",
        "ftp://x",
        "http://",
        "http://a b",
        "http://[::1",
        "http://u:p@h",
        "http://h\n",
        "http://h:99999",
    ],
)
def test_what_is_no_address_is_a_usage_error(driftd: Driftd, url: str) -> None:
    """Before anything is asked."""
    ran = driftd("healthcheck", "--url", url)
    assert (ran.code, ran.out) == (2, "")
    assert "is no address such as" in ran.err
