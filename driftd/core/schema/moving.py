"""One cycle's evidence × both forms → both forms, and what is remembered of why."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

from msgspec.structs import replace

from driftd.core.model import JsonObject, Resource
from driftd.core.schema import signs
from driftd.core.schema.compare import Evidence
from driftd.core.schema.counts import Counts
from driftd.core.schema.current import Current
from driftd.core.schema.judge import judged
from driftd.core.schema.meaning import exchanged, undoes
from driftd.core.schema.model import FieldForm, Form, Presence
from driftd.core.schema.parting import Twins, parted
from driftd.core.schema.rarity import LEAST, bound, ordinary, reportable
from driftd.core.schema.record import Remembered
from driftd.core.schema.seen import Seen
from driftd.core.schema.signs import Scene, Sign, What

_T = TypeVar("_T")
TRAILS: Final = 500
"""Suspicions of one resource that are remembered."""


class Shown(NamedTuple):
    """What a cycle showed."""

    seen: Seen
    counts: Counts
    """Of all that is stored since."""
    keyless: Sequence[JsonObject]
    rows: int
    whole: bool
    twins: Sequence[Twins] = ()

    @property
    def stale(self) -> int:
        """Return how many stored records a sweep should have shown and did not."""
        return max(0, self.counts.records - self.rows) if self.whole else 0


class Moved(NamedTuple):
    """Where a cycle left the forms."""

    form: Form
    baseline: Form
    remembered: Remembered
    news: bool
    """Whether the current form moved in a way to tell of."""


def first(shown: Shown, resource: Resource, held: Form | None, remembered: Remembered) -> Moved:
    """Return the form of all that is stored as current form, and as baseline where there is none."""
    form = judged(shown.counts)
    if shown.keyless:
        gone = {path: _unkeyed(form.fields.get(path)) for path in _broken(resource, shown.keyless)}
        form = Form({**form.fields, **gone})
    return Moved(form, held or form, replace(remembered, keyless=bool(shown.keyless)), news=True)


def moved(shown: Shown, resource: Resource, forms: tuple[Form, Form], before: Remembered, counts: bytes) -> Moved:
    """Move the forms, current and baseline, by what a cycle showed; `counts` are those of now, packed."""
    move = _Move(shown, resource, Current(*forms, judged(shown.counts)), before)
    if shown.seen.records:
        move.by_signs(forms[0])
        move.by_exchanges(forms[1].fields)
    move.by_parts()
    move.by_keys()
    return move.done(counts)


class _Move:
    def __init__(self, shown: Shown, resource: Resource, current: Current, remembered: Remembered) -> None:
        self._shown = shown
        self._resource = resource
        self._current = current
        self._remembered = remembered
        self._trails = dict(remembered.trails)
        self._evidence = dict(remembered.evidence)
        self._renamed = dict(remembered.renamed)
        self._swaps = dict(remembered.swaps)

    def by_signs(self, form: Form) -> None:
        """Move by what the form does not allow, as far as it is more than rare."""
        shown = self._shown
        scene = Scene(
            form.fields,
            shown.seen,
            Counts.unpack(self._remembered.counts),
            shown.counts,
            max(0, shown.rows - shown.seen.records),
            shown.whole,
            shown.stale,
        )
        for sign in signs.signs(scene):
            self._judge(sign)
        for old, match in shown.seen.samples.matches().items():
            self._renamed[old] = (match.to, f"{old} → {match.to}? {match.why}")

    def by_exchanges(self, held: Mapping[str, FieldForm]) -> None:
        """Count exchanges of a menu's values; one that takes the latest back counts it down."""
        fields, baseline, shown = self._current.form, self._current.baseline, self._shown
        for path, (law, k, m) in exchanged(shown.seen, shown.counts, held, whole=shown.whole).items():
            back = undoes(law, self._swaps.get(path, {}))
            accepted = baseline[path].values or () if path in baseline else ()
            if path not in fields or not (back or any(old in accepted for old in law)):
                continue  # what leaves a value that was never accepted only comes back
            if set(law.values()) <= set(fields[path].values or ()) - set(accepted):
                continue  # that these values are new is told
            by = -1 if back and fields[path].meaning else 1
            fields[path] = replace(fields[path], meaning=fields[path].meaning + by)
            self._swaps[path] = law
            told = ", ".join(f"{old} → {new}" for old, new in sorted(law.items()))
            rule = f"{k} of {m} records that changed it: {told}"
            self._evidence[path] = Evidence(n=m, m=m, affected=k, rule=rule)
            self._current.news = True

    def by_parts(self) -> None:
        """Take a member as a part of the key that came with records of equal keys and tells them apart."""
        form, twins = self._current.form, self._shown.twins
        new = {path for path in form if path not in self._current.baseline}
        for path, told in parted(twins, new, self._shown.rows).items():
            form[path] = replace(form[path], key=True)
            rule = f"{told} of {len(twins)} pairs of records with the same key differ in it"
            self._evidence[path] = Evidence(n=self._shown.rows, m=len(twins), affected=told, rule=rule)
            self._current.news = True

    def by_keys(self) -> None:
        """Take a key as lost at once where rows lack it that never did; it is back when a sweep shows none of these."""
        shown, resource = self._shown, self._resource
        keys: Collection[str] = resource.key
        if shown.keyless and not self._remembered.keyless:
            for path in _broken(resource, shown.keyless):
                n = shown.counts.present(path)
                self._current.form[path] = _unkeyed(self._current.form.get(path))
                rule = "a row without a usable key, where there was none"
                self._evidence[path] = Evidence(n=n, m=shown.rows, affected=len(shown.keyless), rule=rule)
                self._current.news = True
        elif shown.whole and not shown.keyless:
            keys = ()
        self._current.grow()
        self._current.heal(shown.counts, shown.stale, keys)

    def done(self, counts: bytes) -> Moved:
        """Return both forms, and what is to be remembered of them: only what is still open."""
        form, baseline = self._current.form, self._current.baseline
        self._look_again()
        for old, (_, why) in self._renamed.items():
            if old in self._evidence:
                self._evidence[old] = replace(self._evidence[old], hint=why)
        open_ = {path for path in form.keys() | baseline.keys() if form.get(path) != baseline.get(path)}
        remembered = replace(
            self._remembered,
            counts=counts,
            trails=dict(sorted(self._trails.items())[:TRAILS]),
            evidence=_only(self._evidence, open_),
            renamed=_only(self._renamed, open_),
            swaps=self._swaps,
        )
        return Moved(Form(form), Form(baseline), remembered, self._current.news)

    def _look_again(self) -> None:
        """Say of what went and came how many of all stored records show it by now."""
        counts = self._shown.counts
        for path, known in self._evidence.items():
            field = self._current.form.get(path)
            if field is None or path in self._resource.key:
                continue
            missing = counts.missing(path)
            if field.presence is Presence.GONE and missing > known.affected:
                self._evidence[path] = _absent(known.n, missing)
            elif path not in self._current.baseline:
                self._evidence[path] = replace(known, m=counts.n(path), affected=counts.present(path))

    def _judge(self, sign: Sign) -> None:
        k, m = self._trails.pop(sign.name, (0, 0))
        k, m = k + sign.k, m + sign.m
        sign = self._at_once(sign)
        if sign.what is What.GONE or self._certain(sign) or reportable(k, m, sign.n):
            self._current.report(sign)
            self._evidence[sign.path] = _evidence(sign, k, m, self._shown)
        elif ordinary(k, m, sign.n):
            self._current.learn(sign)
        else:
            self._trails[sign.name] = (k, m)

    def _at_once(self, sign: Sign) -> Sign:
        """A watermark that all written records lack is gone, however few they are."""
        lost = sign.path == self._resource.watermark and sign.what is What.ABSENT and sign.k == sign.m
        return sign._replace(all=True) if lost else sign

    def _certain(self, sign: Sign) -> bool:
        """Tell whether no second thought is due: the key, or the watermark, is not what it was."""
        if sign.path in self._resource.key:
            return sign.what is What.KIND
        return sign.path == self._resource.watermark and (
            sign.what in (What.KIND, What.ABSENT) and sign.k == sign.m and sign.k >= min(LEAST, max(1, sign.n))
        )


def _evidence(sign: Sign, k: int, m: int, shown: Shown) -> Evidence:
    rate = f"3/{sign.n} = {bound(sign.n):.2g}"
    if sign.what in (What.ABSENT, What.GONE) and sign.all:
        return _absent(sign.n, shown.counts.missing(sign.path) if shown.whole else m)
    said = {What.CAME: "present", What.KIND: sign.detail, What.EMPTY: "empty", What.ABSENT: "absent"}
    what = said.get(sign.what, f"{sign.what} {sign.detail}")
    return Evidence(sign.n, m, k, f"{what} in {k} of {m} records written since; never in {sign.n} before (≤ {rate})")


def _absent(n: int, m: int) -> Evidence:
    return Evidence(n, m, m, f"absent in the last {m} records (so in at most 3/{m} = {bound(m):.2g} of all present)")


def _broken(resource: Resource, records: Sequence[JsonObject]) -> list[str]:
    """Return the members of the key that make these records keyless; all where none seems to."""
    broken = [path for path in resource.key if any(_unusable(each.get(path)) for each in records)]
    return broken or list(resource.key)


def _unusable(value: object) -> bool:
    return value is None or value == "" or isinstance(value, dict | list)


def _unkeyed(field: FieldForm | None) -> FieldForm:
    return replace(field or FieldForm(), presence=Presence.GONE)


def _only(found: Mapping[str, _T], paths: Collection[str]) -> dict[str, _T]:
    return {path: each for path, each in found.items() if path in paths}
