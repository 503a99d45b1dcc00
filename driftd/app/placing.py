"""What a change of connections comes to: what is to be stored for it, what goes with it, and why it does not go now."""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from driftd.adapters.sqlite.connections import Placing
from driftd.adapters.vault.safe import Safe
from driftd.app.entrusted import Entrusted
from driftd.app.staging import ASIDE, Staged
from driftd.config import Config, ConnectionConfig, Pairing, at_odds, kept_as, placed, read_stored
from driftd.core.alerts.model import Deed
from driftd.core.brought import Change
from driftd.core.decision import Word
from driftd.core.sealed import Kept, Place
from driftd.core.stored import StoredTable, written
from driftd.errors import ConfigError, DecisionError


class Plan(Struct, frozen=True):
    """A change that is to be made."""

    table: Mapping[str, object]
    before: StoredTable | None
    connection: ConnectionConfig
    secret: Entrusted
    word: Word
    staged: Staged | None = None
    """The refresh token that it is brought with."""
    old: ConnectionConfig | None = None
    """What it takes the place of, as far as that can be read."""

    @property
    def change(self) -> Change:
        """What comes of it."""
        if self.before is None:
            return Change.CREATED
        same = not self.secret.anew and self.before.text == written(self.table)
        return Change.UNCHANGED if same else Change.CHANGED


async def aside(plan: Plan) -> str:
    """Say what became of the refresh token of a connection that is not stored."""
    if plan.staged is None:
        return ""
    name, kept = plan.connection.kept_as, await plan.staged.aside()
    if kept is None:
        return "; the gateway did not take its refresh token"
    used = "is used up; what the gateway gave for it" if await plan.staged.used() else "may be used up: it"
    drops = f" (`driftd keys shred {name}` drops it)" if plan.before is None else ""
    return (
        f"; its refresh token {used} is kept aside, sealed, for who brings it again with the same refresh token{drops}"
    )


def kept_of(stored: StoredTable) -> str:
    """Return the name under which the secrets of what is stored are kept."""
    try:
        return kept_as({**stored.table, "name": stored.name})
    except ValueError:
        return stored.name


def sharing(config: Config, connection: ConnectionConfig) -> list[ConnectionConfig]:
    """Return the others that share the pair of a connection."""
    found = (each for each in config.connections if each.kept_as == connection.kept_as)
    return [each for each in found if each.name != connection.name]


def pairs_of(*connections: ConnectionConfig | None) -> set[str]:
    """Return the names of the pairs by which some connections sign in."""
    return {each.kept_as for each in connections if each is not None and isinstance(each.auth, Pairing)}


def whom(connection: ConnectionConfig) -> tuple[str, ...]:
    """Return who uses a pair, and where."""
    auth = connection.auth
    return (auth.token_url, auth.client_id) if isinstance(auth, Pairing) else ()


def left_by(old: ConnectionConfig | None, after: Config, safe: Safe) -> tuple[Place, ...]:
    """Return where secrets stand that `old` needed, and nobody does in a configuration without it."""
    if old is None:
        return ()
    needed = {(each.kept_as, secret.field) for each in after.connections for secret in each.secrets if secret.field}
    named = {name for name, _ in needed}
    had = [each.field for each in old.secrets if each.field] + ([] if old.kept_as in named else [ASIDE])
    kept = [safe.kept(old.kept_as, each) for each in had if (old.kept_as, each) not in needed]
    return tuple(each.place for each in kept if each is not None)


def check_goes_with(config: Config, connection: ConnectionConfig) -> None:
    """Refuse a connection whose secrets would stand under the name of others that they do not go with."""
    others = [each for each in config.connections if each.name != connection.name]
    if mistakes := at_odds([*others, connection], telling=False):
        raise ConfigError(mistakes)


def placing_of(plan: Plan, now: int, shed: tuple[Place, ...]) -> Placing:
    """Return what is to be written."""
    before, name, text, by = plan.before, plan.connection.name, written(plan.table), plan.word.by.strip()
    made_at, made_by = (before.made_at, before.made_by) if before else (now, by)
    deed = Deed(
        at=now,
        by=by,
        action="change_connection" if before else "add_connection",
        connection=name,
        resource=None,
        subject=plan.secret.named or name,
        reason=plan.word.reason.strip(),
        before=before.text if before else "",
        after=text,
    )
    after = StoredTable(name, text, made_at, made_by, now, by)
    return Placing(before, after, deed, plan.secret.kept, shed=shed)


def with_token(placing: Placing, token: Kept, at: Place | None) -> Placing:
    """Return what is to be written with a refresh token, which stands `at` another place so far, or nowhere."""
    if at is None:
        return replace(placing, kept=(*placing.kept, token))
    return replace(placing, moved=(at, token))


def removal_of(name: str, word: Word, before: StoredTable | None, now: int, *, erase: bool) -> Deed:
    """Return the row of the audit log of a removal."""
    return Deed(
        at=now,
        by=word.by.strip(),
        action="erase_connection" if erase else "remove_connection",
        connection=name,
        resource=None,
        subject=name,
        reason=word.reason.strip(),
        before=before.text if before else "",
    )


def revoked_of(tokens: Sequence[str], whose: str) -> str:
    """Return what is said besides of the tokens that went."""
    if not tokens:
        return ""
    named = ", ".join(f'"{each}"' for each in tokens)
    return f"; tokens bound to {whose} let nobody in any more: {named}"


def read_before(config: Config, stored: StoredTable | None) -> ConnectionConfig | None:
    """Read what is stored; None for what can be read no more, as for what is not there."""
    try:
        return None if stored is None else read_stored(config, stored.table)
    except (ConfigError, ValueError):
        return None


def without(config: Config, name: str) -> Config:
    """Return a configuration without the connection of the database; one of the file stays."""
    stays = next((each for each in config.connections if each.name == name and not each.stored), None)
    return placed(config, name, stays)


def check_not_in_file(config: Config, name: str) -> None:
    """Refuse a name that stands in the file."""
    there = next((each for each in config.connections if each.name == name and not each.stored), None)
    if there is not None:
        hint = "change it there and have the daemon reload that; or take it out there first"
        raise DecisionError(f'"{name}" stands in the file already, at {there.place}', hint=hint)


def check_wanted(name: str, before: StoredTable | None, *, create: bool | None) -> None:
    """Refuse to create what is there, and to change what is not."""
    if create and before is not None:
        raise DecisionError(
            f'there is a connection "{name}" already', hint="change it with PUT; or choose another name"
        )
    if create is False and before is None:
        raise unknown(name)


def check_key(config: Config) -> None:
    """Refuse to keep secrets without a key."""
    if not config.vault.named:
        hint = (
            "make one with `driftd keys generate --to FILE`, name it as key_file under [vault], and have the daemon"
            " reload that"
        )
        raise DecisionError("driftd has no key to keep secrets with", hint=hint)


def unknown(name: str) -> DecisionError:
    """Return what is said of a name that is none."""
    hint = "`driftd connections list` shows those there are"
    return DecisionError(f'there is no connection "{name}" in the database', hint=hint, unknown=True)
