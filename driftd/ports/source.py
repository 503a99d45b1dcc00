"""What the runtime asks of a tenant, and of what stands between."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from driftd.core.credential import Certificate, Dated, Issued
from driftd.core.model import Details, JsonObject, KeyBytes, Page, Prototypes, Query, Resource


class Source(Protocol):
    """One connection's tenant, read only. Every failure is a `SourceError` with its reason."""

    async def page(self, resource: Resource, query: Query) -> Page:
        """Read one page of the query facet."""
        ...

    async def details(self, resource: Resource, key: KeyBytes) -> Details:
        """Read one record of the details facet."""
        ...

    async def prototypes(self, resource: Resource) -> Prototypes:
        """Read what the tenant declares of a resource's members.

        Where the tenant refuses that, it is no failure, and not asked again for a day.
        """
        ...

    def split(self, page: Page) -> Sequence[bytes]:
        """Cut the ``$resources`` array of a page into one slice a record, each exactly as sent."""
        ...

    def keys(self, resource: Resource, slices: Sequence[bytes]) -> Sequence[KeyBytes]:
        """Read only the keys of records: ``b""`` for a record whose key is missing, null, or not a scalar.

        A record of another folder is a failure, ``wrong_folder``.
        """
        ...

    def decode(self, record: bytes) -> JsonObject:
        """Decode one record exactly: a number that is not some float's shortest spelling comes as `decimal.Decimal`."""
        ...


class Traffic(Protocol):
    """What stands between a connection and its tenant: who may send now, and what was sent and read."""

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Wait for a place to send one request from, and hold it until its answer is read.

        Raises `SourceError` where the way to the host is known to be down, or the tenant asks to wait for long.
        """
        ...

    def send(self) -> None:
        """Count one request before it is sent; raises `SourceError`, ``budget_exhausted``, where none is left."""
        ...

    def receive(self, size: int) -> None:
        """Count bytes as they are read; raises `SourceError`, ``budget_exhausted``, with those that are too many."""
        ...

    def asked(self, status: int, seconds: float) -> None:
        """Note that an answer of which the head is there, 429 or 503, asks to wait so many seconds."""
        ...

    def answered(self, status: int | None, seconds: float) -> None:
        """Note how a request ended: its HTTP status, or None where no answer came."""
        ...

    def renewed(self, issued: Issued | None) -> None:
        """Note that a token was asked for; None where it was refused or failed."""
        ...

    def showed(self, sign: Certificate | Dated) -> None:
        """Note what an answer showed: the certificate of its server, by how much its clock differs from ours."""
        ...
