"""One tenant: a folder behind an endpoint, with its own OAuth client, its own switches and its own business."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from hashlib import blake2b
from random import Random
from threading import RLock

from driftd.simulator import routine, trade
from driftd.simulator.access import Access
from driftd.simulator.business import Business, Plan
from driftd.simulator.class_model import ClassModel, Facet, Key, KeyLike
from driftd.simulator.desk import Desk
from driftd.simulator.faults import Fault
from driftd.simulator.gateway import Pair
from driftd.simulator.journal import Change, TruthChange
from driftd.simulator.json_values import Record
from driftd.simulator.ledger import Ledger
from driftd.simulator.oauth import Credentials
from driftd.simulator.patches import Patch
from driftd.simulator.render import key_in
from driftd.simulator.rows import Row
from driftd.simulator.showing import Showing
from driftd.simulator.switches import Switches
from driftd.simulator.view import Keep
from driftd.simulator.worldtime import WorldTime


@dataclass(frozen=True, slots=True)
class RequestSeen:
    """A request as it reached a tenant."""

    number: int
    """1, 2, 3… over the tenant's requests."""
    tenant: str
    method: str
    path: str
    """Percent-decoded, without the query."""
    query: dict[str, str]
    facet: str
    """`$query`, `$details`, … or empty."""
    resource: str
    """The class asked for, or empty."""
    key: str
    """The key asked for in `CLASS('KEY')`, or empty."""
    page: int
    """Of a `$query`: 1 without a `key` cursor, else one more than the last of this class; 0 otherwise."""
    headers: dict[str, str]
    """By lower-case name."""


@dataclass(frozen=True, slots=True)
class _Pending:
    """A transaction that has stamped its rows but not committed them yet."""

    due: float
    changes: list[Change]


class Tenant:
    """A folder of the farm. Every method may be called from any thread, also while the farm serves."""

    def __init__(self, name: str, ledger: Ledger, *, seed: int, switches: Switches, time: WorldTime) -> None:
        self.name = name
        self.folder = ledger.folder
        self.endpoint = ledger.folder
        self.token_path = f"/{ledger.folder}/auth/token"
        """The path of the token endpoint, which stays where it is when the endpoint of the data moves."""
        self.pair_path = f"/{ledger.folder}/v1/token"
        """The path where the cloud gateway renews the pair."""
        self.switches = replace(switches)
        self.faults: list[Fault] = []
        """Faults in force; the first that matches a request acts."""
        self.on_request: Callable[[RequestSeen], None] | None = None
        """Called in the server's thread before each answer is made; may change the tenant."""
        self.requests: Counter[str] = Counter()
        """Requests by class, or by path where no class was asked for."""
        self.licence_tokens = 0
        """Licence tokens consumed through `/sdata/`."""
        self.lock = RLock()
        self.ledger = ledger
        self.down = False
        """While True every request of the tenant, for tokens too, has its connection closed without an answer."""
        self._access: dict[str, Access] = {}
        self._showing = Showing(ledger)
        self._seed, self._time = seed, time
        self._pending: list[_Pending] = []
        secret = blake2b(f"{seed}/{name}/secret".encode(), digest_size=18).hexdigest()
        audience = f"https://x3.{name}.example:8124/xtrem/api"
        self.credentials = Credentials(
            f"driftd-{name}", secret, ledger.username, secret[::-1][:16], time.clock(), audience
        )
        self.gateway = Pair()
        """The pair of the customer; folders of one customer share it, and the credentials."""

    def __repr__(self) -> str:
        return f"<Tenant {self.name!r} state {self.ledger.journal.state}>"

    # --- who may read

    @property
    def client_id(self) -> str:
        """The OAuth client."""
        return self.credentials.client_id

    @property
    def client_secret(self) -> str:
        """Its present secret."""
        return self.credentials.client_secret

    @property
    def username(self) -> str:
        """The user for HTTP Basic, also shown as `$actxUser`."""
        return self.credentials.username

    @property
    def audience(self) -> str:
        """The URL of the connected application as the administrator entered it, which a JWT must name."""
        return self.credentials.audience

    @property
    def password(self) -> str:
        """That user's password."""
        return self.credentials.password

    def rotate_secret(self) -> str:
        """Replace the client secret and return the new one; what becomes of the old says switch `rotation`."""
        with self.lock:
            return self.credentials.rotate(self._time.clock(), self.switches)

    def restore_secret(self, secret: str | None = None) -> str:
        """Make a former secret, or the last former one, the secret again and return it; the present one is replaced.

        Raises `ValueError` where there is none such.
        """
        with self.lock:
            return self.credentials.restore(secret, self._time.clock(), self.switches)

    @property
    def secret_expires(self) -> float | None:
        """When the present secret expires, in seconds since 1970; None for never (switch `secret_life` at 0)."""
        if not self.switches.secret_life:
            return None
        ends = self.credentials.secret_since + self.switches.secret_life
        return self._time.wall() + ends - self._time.clock()

    def pair(self) -> str:
        """Pair anew, as a person of the customer's does, and return the refresh token; it ends the one before."""
        with self.lock:
            return self.gateway.give(self._time.clock(), self.switches.pairing_life)

    def revoke_tokens(self) -> None:
        """End all access tokens."""
        with self.lock:
            self.credentials.tokens.clear()

    def access(self, resource: str) -> Access:
        """Return whether a class may be read. Raises `KeyError` for no such class."""
        return self._access.get(self._known(resource), Access.OPEN)

    def set_access(self, accesses: Mapping[str, Access | str]) -> None:
        """Say by class whether it may be read, for all of them or none. What is withheld goes on all the same.

        Raises `KeyError` for no such class, `ValueError` for no such access.
        """
        wanted = {self._known(name): Access.of(access) for name, access in accesses.items()}
        with self.lock:
            self._access |= wanted

    def filter(self, resource: str, keep: Keep = 1.0) -> None:
        """Let the web-service user see only part of a class's records, as a role does; by default all again.

        `keep` is a test of the record with its lines as it is without patches, or the share that stays to be seen,
        always the same records. Raises `ValueError` for no such class or share.
        """
        with self.lock:
            self._showing.filter(resource, keep)

    # --- what a release changes

    def patch(self, *patches: Patch) -> int:
        """Change what is shown, of all states and of records to come, and return a number by which to take it back.

        All of the patches are made, in their order and after those in force, or none. Raises `ValueError` for a class
        or field that there is not, or is already.
        """
        with self.lock:
            return self._showing.patch(patches)

    def unpatch(self, number: int | None = None) -> None:
        """Take a patch back, or all. Raises `ValueError` for a number that is not in force."""
        with self.lock:
            self._showing.unpatch(number)

    @property
    def patches(self) -> Mapping[int, tuple[Patch, ...]]:
        """The patches in force, by the number of their making."""
        with self.lock:
            return self._showing.patches

    # --- what there is

    @property
    def classes(self) -> Mapping[str, ClassModel]:
        """The classes this tenant serves, by name."""
        return self.ledger.models

    @property
    def state(self) -> int:
        """The number of the newest state."""
        with self.lock:
            self.let_due_commit()
            return self.ledger.journal.state

    def truth(self, before: int, after: int, resource: str, facet: Facet | None = None) -> list[TruthChange]:
        """Return the net changes of a class between two states, by the facet that is its whole record, or another.

        Raises `ValueError` for states that have not been or stand in the wrong order, `KeyError` for no such class.
        """
        with self.lock:
            facet = facet or self.classes[resource].facet_of_truth()
            style = self.ledger.style(self.switches)
            return self.ledger.truth((before, after), resource, facet, style)

    def records(self, resource: str, state: int | None = None, facet: Facet | None = None) -> dict[Key, Record]:
        """Return by key what a reader holds who saw everything of a state (default: the newest).

        Rows whose key is missing or null are held by nobody; of several rows under one key the last shown is held.
        Raises `ValueError` for a state that has not been, `KeyError` for no such class.
        """
        with self.lock:
            self.let_due_commit()
            facet = facet or self.classes[resource].facet_of_truth()
            newest = self.ledger.journal.state
            style = self.ledger.style(self.switches)
            return self.ledger.records(resource, newest if state is None else state, facet, style)

    def used_products(self) -> list[str]:
        """Return the keys of products that stand on lines of open orders and are there, in their order."""
        with self.lock:
            return trade.used_products(self._desk())

    # --- business goes on

    def advance(
        self,
        create: int = 3,
        update: int = 5,
        update_lines: int = 2,
        delete: int = 1,
        late: int = 0,
        late_by: float = 120.0,
        resource: str | None = None,
    ) -> int:
        """Let business make so many changes, and return the number of the state they make.

        They are spread over all classes by chance, or fall on the one named; `update_lines` falls on documents only.
        None enters or deletes what business books: stock, deliveries, invoices, journal entries, balances (see `step`).
        `late` more records (half new, half updated) are stamped now but committed `late_by` seconds later by the farm's
        clock: then, at the first request or call after it, they become visible as a further state of their own.
        Raises `ValueError` for a number below 0, `KeyError` for no such class.
        """
        with self.lock:
            self.let_due_commit()
            plan = Plan(create, update, update_lines, delete, late, self._known(resource) if resource else None)
            now, later = Business(self._desk()).changes(plan)
            if later:
                self._pending.append(_Pending(self._time.clock() + late_by, later))
            return self.ledger.apply(now)

    def step(self, times: int = 1) -> int:
        """Let business take so many steps, each a state of its own, and return the number of the newest.

        A step is one stage of one case: an order is entered, allocated, delivered, invoiced; a purchase order is
        received, invoiced, posted; a customer pays, stock moves, a customer or product is revised. All that hangs on
        it changes with it: lines, stock, balances. Raises `ValueError` for fewer than 0.
        """
        if not _counts(times):
            raise ValueError(f"'times' is a whole number of at least 0, not {times!r}")
        with self.lock:
            for _ in range(times):
                self.let_due_commit()
                self.ledger.apply(routine.step(self._desk()))
            return self.state

    def _desk(self) -> Desk:
        held = {(change.resource, change.place[0]) for pending in self._pending for change in pending.changes}
        chance = Random(f"{self._seed}/{self.name}/{self.ledger.journal.state}/{len(self._pending)}")
        return Desk(self.ledger, chance, int(self._time.wall()), held)

    def settle(self) -> int:
        """Commit all late transactions now, each as a state of its own, and return the number of the newest."""
        with self.lock:
            self._commit(self._pending)
            self._pending = []
            return self.ledger.journal.state

    def let_due_commit(self) -> None:
        """Commit the late transactions whose time has come."""
        if self._pending:
            now = self._time.clock()
            due = [pending for pending in self._pending if pending.due <= now]
            self._pending = [pending for pending in self._pending if pending.due > now]
            self._commit(sorted(due, key=lambda pending: pending.due))

    def _commit(self, pendings: Iterable[_Pending]) -> None:
        for pending in pendings:
            present = [self._rebased(change) for change in pending.changes]
            self.ledger.apply([change for change in present if change is not None])

    def _rebased(self, change: Change) -> Change | None:
        """Aim a late change at the row that is there now; None where it was removed meanwhile."""
        row = self.ledger.tables[change.resource].get(change.place[0])
        if change.before is not None and row is None:
            return None
        return Change(change.resource, row, change.after)

    # --- single records, for bad input

    def put(self, resource: str, record: Record) -> int:
        """Insert or replace exactly this record, and return the new state.

        `$details` shows every member, `$query` all but those that the class shows in `$details` only. A missing or
        null key part counts as None. `$uuid`, `$etag` and the like are added unless the record has them.
        """
        with self.lock:
            self.let_due_commit()
            key = key_in(self.classes[self._known(resource)], record)
            before = self.ledger.tables[resource].get(key)
            return self.ledger.apply([Change(resource, before, self._literal(key, record))])

    def put_duplicate(self, resource: str, key: KeyLike, members: Record | None = None) -> int:
        """Add a second row under the key of an existing record: identical, or with other members. Return the state.

        Raises `KeyError` where there is no such record.
        """
        with self.lock:
            self.let_due_commit()
            table = self.ledger.tables[self._known(resource)]
            last = table.last(_key(key))
            if last is None:
                raise KeyError(f"{resource} has no record {key!r}")
            if members is None:
                twin = replace(last, twin=last.twin + 1, rendered=None)
            else:
                style = self.ledger.style(self.switches)
                whole = self.ledger.renderers[resource].business(last, "$details", style)
                twin = replace(self._literal(last.key, {**whole, **members}), twin=last.twin + 1)
            return self.ledger.apply([Change(resource, None, twin)])

    def rename(self, resource: str, old_key: KeyLike, new_key: KeyLike) -> int:
        """Give a record another key, and return the new state. References to it are not rewritten.

        Raises `KeyError` where there is no such record, `ValueError` where the new key is taken.
        """
        with self.lock:
            self.let_due_commit()
            old, new = self._twins(resource, old_key), _key(new_key)
            if self.ledger.tables[resource].twins(new):
                raise ValueError(f"{resource} already has a record {new_key!r}")
            changes = [Change(resource, row, None) for row in old]
            names = self.classes[resource].key
            stamp = int(self._time.wall())
            for row in old:
                literal = None if row.literal is None else {**row.literal, **dict(zip(names, new, strict=True))}
                moved = replace(row, key=new, literal=literal, stamp=stamp, header_stamp=stamp, rendered=None)
                changes.append(Change(resource, None, moved))
            return self.ledger.apply(changes)

    def remove(self, resource: str, key: KeyLike) -> int:
        """Delete the record under a key, twins too, and return the new state. Raises `KeyError` if there is none."""
        with self.lock:
            self.let_due_commit()
            return self.ledger.apply([Change(resource, row, None) for row in self._twins(resource, key)])

    def _twins(self, resource: str, key: KeyLike) -> list[Row]:
        rows = self.ledger.tables[self._known(resource)].twins(_key(key))
        if not rows:
            raise KeyError(f"{resource} has no record {key!r}")
        return rows

    def _literal(self, key: Key, record: Record) -> Row:
        stamp = int(self._time.wall())
        return Row(key, -1, stamp, stamp, literal=deepcopy(record))

    def _known(self, resource: str) -> str:
        if resource not in self.classes:
            raise KeyError(f"no class {resource!r}: there are {', '.join(self.classes)}")
        return resource


def _counts(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 0


def _key(key: KeyLike) -> Key:
    return key if isinstance(key, tuple) else (key,)
