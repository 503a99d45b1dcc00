"""The current form and the baseline, as they move: what is reported moves the one, what is learnt in silence both."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from msgspec.structs import replace

from driftd.core.schema.counts import Counts, above
from driftd.core.schema.judge import FEW, allows, finest, normal, values_in
from driftd.core.schema.marks import EMPTINESS, KIND_MARKS, PRESENT, Mark, kind_of
from driftd.core.schema.model import FieldForm, Form, Presence, ValueKind
from driftd.core.schema.paths import within
from driftd.core.schema.signs import Sign, What

Fields = dict[str, FieldForm]

_STRUCTURE: Final = frozenset({ValueKind.OBJECT, ValueKind.ARRAY})
_ALL: Final = frozenset({Presence.ALWAYS, Presence.UNJUDGED})


class Current:
    """Both forms while a cycle is concluded."""

    def __init__(self, form: Form, baseline: Form, judged: Form) -> None:
        self.form: Fields = dict(form.fields)
        self.baseline: Fields = dict(baseline.fields)
        self._judged = judged.fields
        """What all that is stored looks like."""
        self.news = False
        """Whether the current form moved in a way to tell of."""

    def report(self, sign: Sign) -> None:
        """Move the current form by a sign that is news."""
        self._move(self.form, sign)
        self.news = True

    def learn(self, sign: Sign) -> None:
        """Move both forms by a sign that is no news; of some records only: that is never gone, nor replaced."""
        for fields in (self.form, self.baseline):
            if sign.what is not What.CAME or self._below(fields, sign.path):
                self._move(fields, sign._replace(all=False))

    def grow(self) -> None:
        """Take over what is known in addition, now that more was counted: that is never a change."""
        for path, judged in self._judged.items():
            field = self.form.get(path)
            if field is None or field.presence is Presence.GONE:
                continue
            self.form[path] = grown = _grown(field, judged)
            held = self.baseline.get(path)
            if held is not None and grown is not field:
                self.baseline[path] = _grown(held, judged)

    def heal(self, counts: Counts, stale: int, keys: Iterable[str]) -> None:
        """Let what differs be as it was, where all that is stored is as it was."""
        for path in sorted(self.form):
            field, held = self.form.get(path), self.baseline.get(path)
            if field is None or held == field or path in keys:
                continue
            if held is None or (held.presence is Presence.GONE and field.presence is not Presence.GONE):
                if not counts.present(path):
                    self._drop(self.form, path, itself=True)
                    self.news = True
            else:
                self.form[path] = healed = _healed(path, field, held, counts, stale)
                self.news |= healed != field

    def _move(self, fields: Fields, sign: Sign) -> None:
        path, field = sign.path, fields.get(sign.path)
        if sign.what is What.CAME:
            self._come(fields, sign)
        elif field is not None:
            if (sign.what is What.ABSENT and sign.all) or sign.what is What.GONE:
                fields[path] = replace(field, presence=Presence.GONE)
            elif sign.what is What.ABSENT:
                nullable = field.nullable if field.presence is Presence.ALWAYS else True
                fields[path] = replace(field, presence=Presence.SOMETIMES, nullable=nullable)
            elif sign.what is What.EMPTY:
                fields[path] = replace(field, nullable=True)
            elif sign.what is What.FINER:
                fields[path] = replace(field, scale=max(field.scale or 0, int(sign.detail)))
            elif sign.what is What.VALUE:
                values = tuple(sorted({*(field.values or ()), sign.detail}))
                fields[path] = replace(field, values=values)
            else:
                self._retype(fields, sign, field)

    def _come(self, fields: Fields, sign: Sign) -> None:
        """Add a member with all that it holds; one that comes back is what it was."""
        path, field = sign.path, fields.get(sign.path)
        held = self.baseline.get(path)
        if field is not None and sign.all:
            was = held.presence if held is not None and held.presence is not Presence.GONE else Presence.SOMETIMES
            fields[path] = replace(field, presence=was)
        elif field is not None:
            fields[path] = replace(field, presence=Presence.SOMETIMES)
        self._adopt(fields, path)
        if field is None and sign.all and fields[path].presence is Presence.SOMETIMES:
            # records not read since may lack it, and say nothing of it
            fields[path] = replace(fields[path], presence=Presence.UNJUDGED, nullable=None)

    def _retype(self, fields: Fields, sign: Sign, field: FieldForm) -> None:
        judged = self._judged.get(sign.path, FieldForm())
        kept = () if sign.all else field.kinds
        kinds = normal((*kept, *map(ValueKind, sign.detail.split())))
        fields[sign.path] = replace(
            field,
            kinds=kinds,
            values=None,
            scale=judged.scale if sign.all else field.scale,
            max_length=field.max_length if ValueKind.TEXT in kinds else None,
        )
        if _STRUCTURE.isdisjoint(kinds):
            self._drop(fields, sign.path, itself=False)
        else:
            self._adopt(fields, sign.path)

    def _adopt(self, fields: Fields, top: str) -> None:
        for path, judged in self._judged.items():
            if path not in fields and within(path, top):
                fields[path] = judged

    def _drop(self, fields: Fields, top: str, *, itself: bool) -> None:
        for path in [path for path in fields if within(path, top) and (itself or path != top)]:
            del fields[path]

    def _below(self, fields: Mapping[str, FieldForm], path: str) -> bool:
        """Tell whether what a path lies in is there, and holds members."""
        parent = above(path)
        field = fields.get(parent)
        return not parent or (field is not None and not _STRUCTURE.isdisjoint(field.kinds))


def _grown(field: FieldForm, judged: FieldForm) -> FieldForm:
    news: dict[str, object] = {}
    if field.presence is Presence.UNJUDGED and judged.presence is Presence.ALWAYS:
        news["presence"] = Presence.ALWAYS
    if not field.kinds and judged.kinds:
        news["kinds"] = judged.kinds
    unread = field.presence is Presence.UNJUDGED and judged.presence is Presence.SOMETIMES
    if field.nullable is None and judged.nullable is not None and not unread:
        news["nullable"] = judged.nullable
    if field.scale is None and judged.scale is not None:
        news["scale"] = judged.scale
    if field.values is None and judged.values is not None and judged.kinds == field.kinds:
        news["values"] = judged.values
    elif field.values is not None and len(field.values) > FEW:
        news["values"] = None
    if judged.max_length is not None and judged.max_length > (field.max_length or -1):
        news["max_length"] = judged.max_length
    return replace(field, **news) if news else field


def _healed(path: str, field: FieldForm, held: FieldForm, counts: Counts, stale: int) -> FieldForm:
    """Return the current form with each of its aspects as the baseline has it, where what is stored allows that."""
    marks = counts.paths.get(path, {})
    news: dict[str, object] = {}
    present, missing = marks.get(PRESENT, 0), counts.missing(path)
    if held.presence in _ALL and field.presence not in _ALL and present and missing <= stale:
        news["presence"] = held.presence
    if held.nullable is False and field.nullable and present and missing + sum(map(_count(marks), EMPTINESS)) <= stale:
        news["nullable"] = False
    other = sum(marks.get(mark, 0) for mark in KIND_MARKS if not allows(held.kinds, kind_of(mark)))
    if field.kinds != held.kinds and present and other <= stale:
        news |= {"kinds": held.kinds, "scale": held.scale, "values": held.values}
    elif field.scale is not None and held.scale is not None and (finest(marks) or 0) <= held.scale:
        news["scale"] = held.scale
    if field.values is not None and held.values is not None:
        odd = sum(count for value, count in values_in(marks).items() if value not in held.values)
        if odd <= stale:
            news["values"] = held.values
    return replace(field, **news) if news else field


def _count(marks: Mapping[Mark, int]) -> Callable[[int], int]:
    return lambda mark: marks.get(mark, 0)
