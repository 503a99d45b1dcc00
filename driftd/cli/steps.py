"""The steps of a live check, printed as they are taken."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from driftd.cli.saying import say

if TYPE_CHECKING:
    from driftd.config import ConnectionConfig
    from driftd.core.trial import Step, Trial

_WIDTH = 14


def named(connection: "ConnectionConfig") -> Mapping[str, str]:
    """Return what the words for a customer are filled with."""
    return {"connection": connection.name, "host": connection.host, "folder": connection.folder}


def teller(names: Mapping[str, str], *, debug: bool = False) -> "Callable[[Step], None]":
    """Return what prints a step; with `debug` all that it saw, for one that failed always what to do."""

    def told(step: "Step") -> None:
        say(f"{step.check:<10} {step.subject:<24} {step.outcome:<8} {step.seconds:>7.3f} s  {step.message}")
        for name, fact in step.facts.items() if debug else ():
            say(f"    {name:<{_WIDTH}} {fact}")
        for label, text in advice(step, names):
            say(f"    {label:<{_WIDTH}} {text}")

    return told


def verdict(trial: "Trial") -> str:
    """Return what came of it, and what it cost the tenant."""
    requests = "1 request" if trial.requests == 1 else f"{trial.requests} requests"
    valid = "is valid" if trial.valid else "is not valid"
    return (
        f'connection "{trial.connection}" {valid}: {requests}, {trial.wire_bytes / 1e3:.1f} kB, {trial.seconds:.1f} s'
    )


def advice(step: "Step", names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what to do about a step: reason, next step, who acts, and for a failure what to tell the customer."""
    from driftd.core.card import advice as advised
    from driftd.core.trial import StepOutcome

    told = [("reason", str(step.reason))] if step.reason else []
    told += [("next", step.hint)] if step.hint else []
    if step.outcome is StepOutcome.FAILED and step.reason is not None:
        actor, words = advised(step.reason, {**names, "resources": step.subject})
        told += [("who acts", actor), ("tell them", words)]
    return told
