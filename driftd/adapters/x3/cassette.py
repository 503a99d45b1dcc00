"""The lines of a cassette: what a tenant answered to a live check, to be served again by the simulator. Pure.

The format is told in docs/cassettes.md; `driftd.simulator.cassette` reads it.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from driftd import __version__
from driftd.adapters.x3.answer import Answer
from driftd.adapters.x3.disguise import Disguise
from driftd.adapters.x3.losslessly import quoted, rewritten
from driftd.adapters.x3.overheard import Heard
from driftd.adapters.x3.settings import X3Settings
from driftd.core.model import Resource

VERSION: Final = 1


class Recorded(Struct, frozen=True, omit_defaults=True):
    """One class as it is read."""

    name: str
    representation: str
    key: tuple[str, ...]
    details: bool
    page_size: int
    watermark: str | None = None


def head(settings: X3Settings, resources: Sequence[Resource], disguise: Disguise) -> bytes:
    """Return the first line: the version, and what it takes to read the classes again."""
    return _line(
        {
            "cassette": VERSION,
            "driftd": __version__,
            "redacted": not disguise.values,
            "folder": disguise.value(settings.folder),
            "endpoint": disguise.value(settings.segment),
            "classes": [
                Recorded(each.name, each.representation, each.key, each.details, each.page_size, each.watermark)
                for each in resources
            ],
        }
    )


def exchange(heard: Heard, disguise: Disguise, *, reading: bool) -> bytes:
    """Return the line of one request and its answer; `reading` marks the pages and details of a full read."""
    asked = None if heard.form else disguise.asked(heard.address)
    told: dict[str, object] = {"kind": "token" if heard.form else "read", "seconds": round(heard.seconds, 4)}
    if asked is not None:
        told |= {"class": asked.class_name, "parameters": asked.parameters, "reading": reading}
        told |= {"record": asked.record} if asked.record is not None else {}
    if heard.error is not None:
        return _line({**told, "error": str(heard.error.reason)})
    answer = heard.answer
    if answer is None:
        raise ValueError("an exchange has an answer or an error")
    return _line({**told, **_answered(answer, heard)}, body=_body(answer, disguise))


def end(lines: int) -> bytes:
    """Return the last line, which says that nothing is missing."""
    return _line({"end": lines})


def _answered(answer: Answer, heard: Heard) -> dict[str, object]:
    told: dict[str, object] = {"status": answer.status, "content_type": answer.content_type.partition(";")[0]}
    if heard.wait is not None:
        told["retry_after"] = str(round(heard.wait))
    if heard.skew is not None:
        told["skew"] = round(heard.skew)
    return {**told, "bytes": len(answer.body)}


def _body(answer: Answer, disguise: Disguise) -> str:
    """Return the member that holds the body: ``body`` for JSON, ``text`` for anything else."""
    if (told := rewritten(answer.body, disguise)) is not None:
        return f',"body":{told}'
    return f',"text":{quoted(disguise.page(answer.body.decode("utf-8", "replace")))}'


def _line(told: Mapping[str, object], body: str = "") -> bytes:
    return msgspec.json.encode(told)[:-1] + body.encode() + b"}\n"
