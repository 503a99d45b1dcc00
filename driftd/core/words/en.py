"""English."""

from typing import Final

from driftd.core.drift import Severity
from driftd.core.reasons import Actor, Cause, State
from driftd.core.words.en_drift import DRIFTS
from driftd.core.words.en_reasons import REASONS
from driftd.core.words.model import Labels, Phrases, Standing, Units, Words

_QUIET: Final = {
    State.PAUSED: Words(
        "a person has paused it; it goes on by itself at the end of the pause",
        "Reading from your Sage X3 (folder {folder}) is paused on our side, as agreed. It goes on by itself.",
        ("Nothing, if the pause is still wanted.",),
    ),
    State.MAINTENANCE: Words(
        "it is inside its maintenance window; failures do not count",
        "Your Sage X3 (folder {folder}) is inside the agreed maintenance window. There is nothing you need to do.",
        ("Wait for the end of the window.",),
    ),
    State.UNVALIDATED: Words(
        "nothing has been tried yet",
        "The connection to your Sage X3 (folder {folder}) has been set up and is about to be tried for the first time.",
        ("Check the configuration: `driftd check config`.", "Start the daemon, or poll once: `driftd poll`."),
    ),
    State.UNKNOWN: Words(
        "what is known is too old: driftd did not run, or has only just begun",
        "Our own monitoring was interrupted and is being resumed. There is nothing you need to do.",
        (
            "See whether the daemon runs: `driftd healthcheck`.",
            "If it has just been started, wait for the next poll; else start it.",
        ),
    ),
    State.STALLED: Words(
        "polls that are due do not finish, although nothing failed",
        "Reading from your Sage X3 (folder {folder}) is delayed on our side, and we are looking into it. There is"
        " nothing you need to do.",
        (
            "Look at the load and the log of the daemon from that time on.",
            "If other connections stall as well, restart the daemon: nothing is lost by it.",
        ),
    ),
    State.RETRYING: Words(
        "a poll is late",
        "Reading from your Sage X3 (folder {folder}) was briefly interrupted and is being tried again. There is nothing"
        " you need to do.",
        ("Wait: it is tried again by itself.",),
    ),
    State.DEGRADED: Words(
        "part of it is not as it should be: see its resources",
        "Part of the data of your Sage X3 (folder {folder}) does not reach us as it should. We are looking into it.",
        ("Look at the resources above, and at the drift of the connection.",),
    ),
    State.OK: Words(
        "every resource is read within its interval",
        "The connection to your Sage X3 (folder {folder}) works as it should.",
        ("Nothing.",),
    ),
}

ENGLISH: Final = Phrases(
    reasons=REASONS,
    drifts=DRIFTS,
    unknown_drift=Words(
        "something departs from what was known",
        "Something in your Sage X3 (folder {folder}) has changed. We are looking into it.",
        ("Look at it: `driftd alerts show {alert}`.",),
    ),
    stale_date=Words(
        "the configured end of the client secret is past, and the secret still works",
        "The access secret for your Sage X3 (folder {folder}) works. There is nothing you need to do.",
        ("Set secret_expires to the end of the present secret, or remove it: `driftd check config`.",),
    ),
    of_group=Words(
        "{count} connections have the same: {clause}",
        "We have found the same on several connections, and are looking into the common cause: {clause}.",
        (
            "See which connections they are: `driftd alerts list --all`.",
            "Look at what they have in common first: our own network, their host, an update of Sage X3.",
        ),
    ),
    several="several",
    severities={Severity.CRITICAL: "critical", Severity.WARNING: "warning", Severity.INFO: "info"},
    named_below="see our list",
    quiet=_QUIET,
    states={
        State.PAUSED: "paused",
        State.MAINTENANCE: "in maintenance",
        State.UNVALIDATED: "not tried yet",
        State.UNKNOWN: "unknown",
        State.CONFIG_ERROR: "wrongly configured",
        State.AUTH_FAILED: "credentials refused",
        State.UNREACHABLE: "unreachable",
        State.RATE_LIMITED: "slowed down",
        State.STALLED: "stalled",
        State.RETRYING: "trying again",
        State.DEGRADED: "degraded",
        State.OK: "ok",
    },
    causes={
        Cause.CONFIG: "configuration",
        Cause.CREDENTIAL: "credentials or rights",
        Cause.TRANSIENT: "network",
        Cause.TENANT: "the customer's system",
        Cause.INTERNAL: "our own system",
    },
    actors={
        Actor.X3_ADMIN: "the customer's X3 administrator",
        Actor.NETWORK_ADMIN: "the customer's network administrator",
        Actor.OPERATOR: "our operator, with the configuration",
        Actor.SRE: "our SRE",
        Actor.DEVELOPERS: "our developers",
        Actor.WAIT: "nobody yet: wait",
    },
    labels=Labels(
        since="since",
        data="last good data",
        success="last read",
        change="last change",
        reason="reason",
        scope="scope",
        evidence="evidence",
        actor="who acts",
        tell="tell the customer",
        fix="how to fix",
        meanwhile="meanwhile",
        before="before",
        ahead="ahead",
        alerts="alerts",
        never="never",
        field="field",
        expected="expected",
        seen="seen",
        rule="rule",
        hint="hint",
        impact="impact",
        impacts="on reading: {read}; on writing: {write}",
        numbers="numbers",
        counted="{affected} of {m} records depart; the expectation rests on {n}",
        times="evaluations that found it: {count}",
        members="members",
        keys="keys",
        held="held",
        candidates="{count} deletes, as a set {hash}",
        versions="schema versions",
        muted="muted",
        deeds="decided",
    ),
    units=Units(
        second="s",
        minute="min",
        hour="h",
        day="d",
        past="{span} ago",
        future="in {span}",
        now="now",
        months=(
            "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
            "November", "December",
        ),
        moment="{day} {month} {year}, {hour}:{minute} ({zone})",
        first="1",
    ),
    opening="Since {since}, our service has received no data from your Sage X3 (folder {folder}).",
    opening_some="Since {since}, our service has received no data of {resources} from your Sage X3 (folder {folder}).",
    opening_doubted="Since {since}, our service has been holding back part of the data of {resources} from your Sage X3"
    " (folder {folder}).",
    closing="As soon as this is settled, our service catches up by itself.",
    new_secret=Standing(
        operator="Put the new secret where the configuration reads it: it is read again at the next try.",
        ours="Give driftd the new secret, which it tries first: `driftd connections rotate {connection}`.",
    ),
    change=Standing(
        operator="Change the configuration, then check it: `driftd check config`.",
        ours="It stands in the database: put it anew, changed, by `PUT /api/v1/connections/{connection}`; what is under"
        " [network] or [defaults] is changed in the configuration.",
    ),
    everywhere="The same failure is on several hosts: look at our own network and systems first.",
    verify="Check that it is fixed: `{command}`. After two good polls the state is ok.",
    scope_all="the same at {failing} of all {of} connections, on several hosts",
    scope_host="the same at {failing} of {of} connections on {host}",
    scope_resource="only {resources} of this connection",
    scope_tenant="this connection alone",
    colon=":",
    between="; ",
    more="{count} more",
    current="up to date",
    missing="consumers miss what changed since",
    never_read="consumers have nothing yet",
    held="{count} deletes held back",
    pending="{count} deletes wait for a second look",
    coverage="details of {percent} % are recent",
    status="HTTP status {status}",
    times="failures in a row: {count}",
    first_failure="first failure",
    latest_failure="latest failure",
    token_failures="tokens refused or failed so far: {count}",  # noqa: S106 - words
    paused="paused by {by} ({reason}); it ends",
    maintenance="maintenance, ordered by {by} ({reason}), ends",
    window="maintenance, ordered by {by} ({reason}), begins",
    next_poll="next poll",
    held_until="no poll before",
    breaker="circuit breaker: next trial",
    budget="used of the day's budget: {requests} of {of_requests} requests, {bytes} of {of_bytes} MB",
    resumes="the budget begins anew",
    flips="changes of state in the last {days} days: {count}",
    secret_ends="the client secret ends",  # noqa: S106 - words
    certificate_ends="the server's certificate ends",
    client_certificate_ends="our client certificate ends",
)  # fmt: skip
