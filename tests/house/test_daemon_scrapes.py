"""Who reads the daemon keeps no poll and no other reader waiting."""

import socket
import threading
from pathlib import Path

import httpx

from tests.house.process import CLASSES, estate, running

ROUNDS = 20


def test_readers_that_hang_and_readers_in_crowds_delay_nobody(tmp_path: Path) -> None:
    """While some clients ask and never read, others never finish asking, and five scrape all the time, each scrape is
    answered, polls go on, and the event loop is not held up."""
    with estate(tmp_path) as site:
        site.write(web={"metrics_detail": "full"})
        with running(tmp_path) as daemon:
            daemon.becomes("aldgate", "ok")
            host, port = daemon.url.removeprefix("http://").split(":")
            hanging = []
            for number in range(20):
                client = socket.create_connection((host, int(port)))
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
                request = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n" + b"\r\n" * (number % 2)
                client.sendall(request * (50 if number % 2 else 1))
                hanging.append(client)
            before = daemon.value("driftd_polls_total", connection="aldgate")
            answers: list[int] = []

            def scrape() -> None:
                with httpx.Client(trust_env=False, verify=False, timeout=10) as own:
                    answers.extend(own.get(f"{daemon.url}/metrics").status_code for _ in range(ROUNDS))

            scrapers = [threading.Thread(target=scrape) for _ in range(5)]
            for each in scrapers:
                each.start()
            for each in scrapers:
                each.join()
            assert answers == [200] * 5 * ROUNDS
            daemon.until(lambda: daemon.value("driftd_polls_total", connection="aldgate") >= before + 2 * len(CLASSES))
            for client in hanging:
                client.close()
            assert daemon.end() == 0
            assert not [line for line in daemon.lines() if line["level"] == "error"]
