"""Forms in words, terse and without values of records."""

from typing import Final

from driftd.core.schema.model import FieldForm, Presence, ValueKind

_KINDS: Final = {
    ValueKind.NUMBER: "number with a fraction",
    ValueKind.DATE_OTHER: "date in another form",
    ValueKind.DATETIME: "date and time",
    ValueKind.DATETIME_LOCAL: "date and time without zone",
}
_PRESENCE: Final = {Presence.ALWAYS: "always", Presence.SOMETIMES: "sometimes", Presence.GONE: "gone"}
_SHOWN: Final = 40
"""Characters of what a tenant declares that are shown."""


def described(form: FieldForm) -> str:
    """Return a field's form in words, such as ``text ≤ 35, always, never empty``."""
    return ", ".join(part for part in (_type(form), *_rest(form)) if part)


def shown(text: str) -> str:
    """Return a tenant's own words, harmless: printable and short."""
    kept = "".join(each for each in text if each.isprintable())
    return kept if len(kept) <= _SHOWN else f"{kept[: _SHOWN - 1]}…"


def _type(form: FieldForm) -> str:
    kinds = " or ".join(_KINDS.get(kind, kind.value) for kind in form.kinds)
    if form.type is not None:
        kinds = f'"{shown(form.type)}"'
    limit = "" if form.max_length is None else f" ≤ {form.max_length}"
    return f"{kinds or 'unknown type'}{limit}"


def _rest(form: FieldForm) -> tuple[str, ...]:
    return (
        "" if form.scale is None else f"scale {form.scale}",
        _PRESENCE.get(form.presence, ""),
        {None: "", True: "may be empty", False: "never empty"}[form.nullable],
        "" if form.values is None else f"one of {len(form.values)} values",
        "mandatory" if form.mandatory else "",
        "part of the key" if form.key else "",
        "excluded" if form.excluded else "",
        "" if form.format is None else f'format "{shown(form.format)}"',
        "" if form.capabilities is None else f'can "{shown(form.capabilities)}"',
    )
