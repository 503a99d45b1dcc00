"""A plain reader of a simulated tenant: no more than the tests of the simulator need."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx

from driftd.simulator import Farm, Serving, Tenant, serving


class Clock:
    """Time that the test moves; seconds."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Reader:
    """Reads one tenant with a token fetched at first use."""

    def __init__(self, server: Serving, tenant: Tenant, client: httpx.Client) -> None:
        self.server, self.tenant, self.client = server, tenant, client
        self._token = ""

    @property
    def headers(self) -> dict[str, str]:
        if not self._token:
            self._token = self.token()
        return {"Authorization": f"Bearer {self._token}", "X-Sage-Folder": self.tenant.folder}

    def token(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.tenant.client_id,
            "client_secret": self.tenant.client_secret,
        }
        answer = self.client.post(self.tenant.token_path, data=form)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def forget_token(self) -> None:
        self._token = ""

    def get(self, path: str, **parameters: str | int) -> httpx.Response:
        """GET below the tenant's endpoint."""
        url = f"/api1/x3/erp/{self.tenant.endpoint}/{path}"
        return self.client.get(url, params=parameters, headers=self.headers)

    def query(self, resource: str, **parameters: str | int) -> httpx.Response:
        return self.get(resource, representation=f"{resource}.$query", **parameters)

    def details(self, resource: str, key: str) -> httpx.Response:
        return self.get(f"{resource}('{quote(key, safe='')}')", representation=f"{resource}.$details")

    def pages(self, resource: str, **parameters: str | int) -> Iterator[dict[str, Any]]:
        """Follow `$next` to the end."""
        answer = self.query(resource, **parameters)
        while True:
            assert answer.status_code == 200, answer.text
            page = answer.json()
            yield page
            if "$next" not in page["$links"]:
                return
            answer = self.client.get(page["$links"]["$next"]["$url"], headers=self.headers)

    def rows(self, resource: str, **parameters: str | int) -> list[dict[str, Any]]:
        return [row for page in self.pages(resource, **parameters) for row in page["$resources"]]


@contextmanager
def reading(farm: Farm, name: str = "aldgate") -> Iterator[Reader]:
    """Serve a farm and read one of its tenants."""
    with serving(farm) as server, httpx.Client(base_url=server.url, verify=False, timeout=10) as client:
        yield Reader(server, farm[name], client)


def stripped(value: Any) -> Any:
    """What a reader holds, stated apart from the simulator's own: no `$…`, no object they leave empty."""
    if isinstance(value, list):
        return [stripped(element) for element in value]
    if not isinstance(value, dict):
        return value
    kept = {name: stripped(inner) for name, inner in value.items() if name[:1] != "$"}
    return {name: inner for name, inner in kept.items() if inner != {} or value[name] == {}}
