"""A live check of one connection, with the parts that polls use: each step builds on those before it.

A connection is valid when a token is had and BPCUSTOMER can be read with the folder header; whatever else is looked at
says what a poll would meet. Costs a token, two reads of BPCUSTOMER, one or two reads of each configured class, and up
to three of what is declared of each of the two that driftd's users write.
"""

from collections.abc import Iterator, Sequence

from anyio import move_on_after

from driftd.adapters.x3 import reach, token
from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.connection import Origin
from driftd.adapters.x3.exchange import Exchange
from driftd.adapters.x3.fullread import FullRead
from driftd.adapters.x3.origins import ways_of
from driftd.adapters.x3.overheard import Overheard
from driftd.adapters.x3.reach import Finding
from driftd.adapters.x3.secretlook import look_at_secret
from driftd.adapters.x3.settings import Basic, ConnectedApp, Pairing, X3Settings
from driftd.adapters.x3.signed import BACKDATED
from driftd.adapters.x3.steps import NOBODY, UNBOUND, Listeners, Steps, Within
from driftd.adapters.x3.testread import TestRead
from driftd.adapters.x3.trust import Files, tls_context
from driftd.core.model import Resource
from driftd.core.trial import Check, StepOutcome, Trial
from driftd.errors import Reason, SourceError
from driftd.ports import Clock


async def examine(
    settings: X3Settings,
    resources: Sequence[Resource],
    clock: Clock,
    listeners: Listeners = NOBODY,
    within: Within = UNBOUND,
) -> Trial:
    """Check a connection and its classes; with a tape, also read each class completely onto it.

    Raises `SourceError` (``config_error``) only for a connection that cannot even be tried, such as one whose
    ``ca_file`` holds no certificates.
    """
    begun, tape = clock.monotonic(), listeners.tape
    steps = Steps(settings.name, clock, listeners)
    exchange = Overheard(Exchange(settings, None, within.traffic), clock, steps.hear)
    async with X3Source(settings, None, clock, exchange=exchange) as source:
        test = TestRead(settings, resources, steps, source)
        with move_on_after(within.seconds) as time:
            if tape is not None:
                tape.begin(settings, resources)
            if await _taken(settings, steps, test, source, clock) and tape is not None:
                await FullRead(resources, steps, source, tape).run()
        if time.cancelled_caught:
            steps.end((*_way(settings), *test.planned()), within.seconds)
    seconds = clock.monotonic() - begun
    return Trial(settings.name, tuple(steps.done), exchange.cost.requests, exchange.cost.wire_bytes, seconds)


def _way(settings: X3Settings) -> Iterator[tuple[Check, str]]:
    """Yield the steps before the test read, in order."""
    yield Check.SECRET, settings.name
    for origin in ways_of(settings):
        yield from ((check, origin.where) for check in (Check.RESOLVE, Check.CONNECT, Check.TLS))
    yield Check.TOKEN, settings.name


async def _taken(settings: X3Settings, steps: Steps, test: TestRead, source: X3Source, clock: Clock) -> bool:
    """Take the steps; tells whether there was a token to read with."""
    await steps.take(Check.SECRET, settings.name, lambda: look_at_secret(settings))
    reached = [await _reached(settings, origin, steps, clock) for origin in ways_of(settings)]
    if not all(reached):
        steps.skip(Check.TOKEN, settings.name, "the way to the tenant is not open")
        test.skip("the way to the tenant is not open")
        return False
    if not await steps.take(Check.TOKEN, settings.name, lambda: _authorised(settings, steps, source, clock)):
        test.skip("there is no token")
        return False
    await test.run()
    return True


async def _reached(settings: X3Settings, origin: Origin, steps: Steps, clock: Clock) -> bool:
    """Take the steps to one host: its name, its port, its certificate."""
    seconds = min(settings.connect_timeout, settings.timeout)
    way = reach.Way(origin, seconds, settings.egress, proxied=settings.proxy is not None)
    where = way.where
    if not await steps.take(Check.RESOLVE, where, lambda: reach.resolve(way)):
        steps.skip(Check.CONNECT, where, "its name is not resolved")
        steps.skip(Check.TLS, where, "its name is not resolved")
        return False
    if not await steps.take(Check.CONNECT, where, lambda: reach.knock(way)):
        steps.skip(Check.TLS, where, "there is no connection")
        return False
    if origin.scheme != "https":
        steps.add(Check.TLS, where, _plain(settings))
        return True
    context = tls_context(Files(settings.ca_file) if settings.proxy is not None else settings.files)
    return await steps.take(Check.TLS, where, lambda: reach.shake_hands(way, context, clock.now()))


def _plain(settings: X3Settings) -> Finding:
    if settings.proxy is not None:
        return Finding("plain http to the proxy; the tenant's own TLS is judged by the requests through it", {})
    message = "plain http: credentials and records travel unencrypted"
    return Finding(message, {}, StepOutcome.WARNED, "ask the customer's X3 administrator for an https address")


async def _authorised(settings: X3Settings, steps: Steps, source: X3Source, clock: Clock) -> Finding:
    await source.authorise()
    if isinstance(settings.auth, Basic):
        return Finding("HTTP Basic: no token is needed, the test read tries the password", {})
    if isinstance(settings.auth, ConnectedApp):
        return _signed(settings.auth)
    heard = steps.heard
    if isinstance(settings.auth, Pairing):
        return _paired(settings.auth, clock)
    if heard is None or heard.answer is None:
        raise SourceError(Reason.INTERNAL_ERROR, "a token came without an answer", hint="report it as a bug")
    issued = token.read(heard.answer, settings.name, clock.now())
    return Finding(f"granted for {issued.life:g} s", {"life": issued.life, "renewed_after": issued.renew_after})


def _paired(auth: Pairing, clock: Clock) -> Finding:
    """Say how long the access token of a pair is still good, be it that it was in hand."""
    held = auth.pair.held
    left = held.ends_at - clock.monotonic() if held is not None else 0.0
    message = f"the access token of the pair is good for {left:.0f} s; the refresh token for its successor is kept"
    return Finding(message, {"life": round(left)})


def _signed(app: ConnectedApp) -> Finding:
    """Say what is signed, which is what the tenant compares byte for byte."""
    message = (
        f'signed here, none is asked for: client "{app.client_id}" as user "{app.username}" for "{app.audience}", good'
        f" for {app.token_life:g} s from {BACKDATED} s ago; the test read tries it"
    )
    return Finding(message, {"audience": app.audience, "life": app.token_life})
