"""English: what is said of every drift."""

from typing import Final

from driftd.core.words.model import Words

_SHAPE: Final = (
    (
        "The structure of {resource} in your Sage X3 (folder {folder}) has changed at {field}. Please ask your Sage"
        " X3 administrator which update, activity code or change of a representation was made, and whether it is to"
        " stay."
    ),
    (
        "Compare the two forms: `driftd drift show {alert}`.",
        "Adapt what reads or writes {field}, then accept the new form: `driftd drift accept {alert} --reason …`.",
        "If it was not meant, send the text above to the customer: the alert ends when the form is back.",
    ),
)
_WRITE: Final = (
    (
        "Your Sage X3 (folder {folder}) now asks for more in {resource} at {field}. Please ask your Sage X3"
        " administrator which update was made: until we have adapted, what we enter there may be refused."
    ),
    (
        "Compare the two forms: `driftd drift show {alert}`.",
        "Adapt what writes {field}, then accept it: `driftd drift accept {alert} --reason …`.",
    ),
)
_EMPTY: Final = (
    (
        "In {resource} of your Sage X3 (folder {folder}) the field {field} now arrives empty for some records. Please"
        " ask your Sage X3 administrator whether that is meant, or a right or an import is missing."
    ),
    (
        "Look at the records named: `driftd drift show {alert}`.",
        "If it is meant, accept it: `driftd drift accept {alert} --reason …`.",
        "Else send the text above to the customer.",
    ),
)
_VALUE: Final = (
    (
        "In {resource} of your Sage X3 (folder {folder}) the values of {field} are no longer those that we know."
        " Please tell us what the new ones mean."
    ),
    (
        "Look at what changed: `driftd drift show {alert}`.",
        "Ask the customer for its meaning, adapt, then accept it: `driftd drift accept {alert} --reason …`.",
    ),
)
_KEY: Final = (
    (
        "The records of {resource} in your Sage X3 (folder {folder}) can no longer be told apart by {field}. We"
        " therefore carry out no deletions there. Please ask your Sage X3 administrator which update was made."
    ),
    (
        "Compare the key in the configuration with that of the class: `driftd drift show {alert}`.",
        "Change the key in the configuration, or accept the new form: `driftd drift accept {alert} --reason …`.",
    ),
)
_CURSOR: Final = (
    (
        "{resource} of your Sage X3 (folder {folder}) no longer shows when a record was last changed. We read it"
        " whole instead, which puts more load on your server. Please ask your Sage X3 administrator to show {field} in"
        " the representation again."
    ),
    (
        "Send the text above to the customer.",
        "If it is to stay so, accept it: `driftd drift accept {alert} --reason …`.",
    ),
)
_GONE: Final = (
    (
        "Your Sage X3 (folder {folder}) no longer offers {resource}. Please ask your Sage X3 administrator whether"
        " the representation was removed, renamed, or its module switched off."
    ),
    (
        "Try it: `driftd connections test {connection}`.",
        "If the class has another name, change the configuration; else send the text above to the customer.",
    ),
)
_BOOKS: Final = (
    (
        "In your Sage X3 (folder {folder}) some entries of {resource} do not add up. Please ask your Sage X3"
        " administrator or your accountant to look at: {samples}."
    ),
    (
        "Look at the records named: `driftd drift show {alert}`.",
        "Send the text above to the customer; the alert ends when they are right.",
        "If they are to be so, accept these: `driftd drift accept {alert} --reason …`.",
    ),
)
_RECORDS: Final = (
    (
        "In your Sage X3 (folder {folder}) some records of {resource} contradict themselves. Please ask your Sage X3"
        " administrator to look at: {samples}."
    ),
    (
        "Look at the records named: `driftd drift show {alert}`.",
        "Send the text above to the customer; the alert ends when they are right.",
        "If they are to be so, accept these: `driftd drift accept {alert} --reason …`.",
    ),
)
_ORPHANS: Final = (
    (
        "In your Sage X3 (folder {folder}) records of {resource} refer in {field} to something that was deleted or"
        " never existed. Please ask your Sage X3 administrator to restore it, or to correct: {samples}."
    ),
    (
        "Look at the records named: `driftd drift show {alert}`.",
        "Hold back what you would process of these records.",
        "Send the text above to the customer; the alert ends when the reference is whole again.",
    ),
)
_SCALE: Final = (
    (
        "The amounts of {resource} in your Sage X3 (folder {folder}) changed all at once by one factor at {field}."
        " Please tell us whether that was meant, for example a change of unit or currency; until then we treat them"
        " with care."
    ),
    (
        "Hold back prices and amounts of {resource} that you would pass on.",
        "Look at the factor and the records: `driftd drift show {alert}`.",
        (
            "If it was meant, accept it: `driftd drift accept {alert} --reason …`; else send the text above to the"
            " customer."
        ),
    ),
)
_FILTER: Final = (
    (
        "Many records of {resource} in your Sage X3 (folder {folder}) can suddenly no longer be seen by our user. We"
        " keep them for now. Please ask your Sage X3 administrator whether they were deleted on purpose, or whether"
        " the role, rights or filters of our web-service user have changed."
    ),
    (
        "Ask the customer before you do anything: the snapshot keeps the records meanwhile.",
        "Deleted on purpose: `driftd drift release {alert} --reason …`.",
        "Not deleted: have the right restored; the hold ends by itself, or `driftd drift keep {alert} --reason …`.",
    ),
)
_BULK: Final = (
    (
        "A large part of {resource} in your Sage X3 (folder {folder}) was changed at once. If that was an import or a"
        " bulk update, there is nothing you need to do."
    ),
    ("Look at which fields changed: `driftd changes --connection {connection} --resource {resource}`.",),
)
_RHYTHM: Final = (
    (
        "We have seen no change in {resource} of your Sage X3 (folder {folder}) for unusually long. Please tell us"
        " whether an import or an interface has stopped on your side."
    ),
    (
        "See since when: `driftd history {connection}`.",
        "Ask the customer whether work goes on there.",
    ),
)
_OURS: Final = (
    "Our own checks of your data are delayed, and we are looking into it. There is nothing you need to do.",
    (
        "See when it was last polled, and what holds it back: `driftd status {connection}`.",
        "Look at requests_per_day, blackout and sweep: `driftd check config`.",
    ),
)
_SECRET: Final = (
    (
        "The access secret that you gave us for your Sage X3 (folder {folder}) ends soon. Please ask your Sage X3"
        " administrator to make a new one and to send it to us on the agreed way."
    ),
    (
        "Send the text above to the customer.",
        "Put the new secret in its place and have it read: `driftd connections test {connection}`.",
        "Then change secret_expires in the configuration.",
    ),
)
_TOKEN: Final = (
    (
        "The access that your server grants us lasts shorter than before. Please ask your Sage X3 administrator"
        " whether the validity of tokens was changed."
    ),
    (
        "Look at the figures: `driftd alerts show {alert}`.",
        "Nothing breaks yet: ask the customer whether it is meant.",
    ),
)
_CERTIFICATE: Final = (
    (
        "The certificate of your server {host} ends soon. Please ask your Sage X3 administrator to renew it: from"
        " then on we can no longer connect."
    ),
    (
        "Send the text above to the customer.",
        "See when it ends: `driftd connections test {connection} --debug`.",
    ),
)
_CLOCK: Final = (
    (
        "The clock of your server {host} and ours differ. We are checking ours; please ask your Sage X3 administrator"
        " to check the time of the server."
    ),
    (
        "Check the clock of this machine: `timedatectl`.",
        "If it is right, send the text above to the customer.",
    ),
)

DRIFTS: Final = {
    "field_added_optional": Words(
        "{resource} has a new field {field}",
        *_SHAPE,
    ),
    "custom_field_added": Words(
        "{resource} has a new customer-specific field {field}",
        *_SHAPE,
    ),
    "field_added_required": Words(
        "{resource} has a new mandatory field {field}: what we send without it will be refused",
        *_WRITE,
    ),
    "field_removed_always": Words(
        "the field {field} of {resource}, which every record had, is gone",
        *_SHAPE,
    ),
    "field_removed_sometimes": Words(
        "the field {field} of {resource}, which some records had, is gone",
        *_SHAPE,
    ),
    "required_to_optional": Words(
        "the field {field} of {resource}, which every record had, is missing in some",
        *_SHAPE,
    ),
    "became_nullable": Words(
        "the field {field} of {resource}, which was never empty, is empty in some records",
        *_EMPTY,
    ),
    "optional_to_required": Words(
        "the field {field} of {resource} has become mandatory",
        *_WRITE,
    ),
    "became_not_null": Words(
        "the field {field} of {resource} is never empty any more",
        *_SHAPE,
    ),
    "type_changed": Words(
        "the field {field} of {resource} has another type",
        *_SHAPE,
    ),
    "type_widened": Words(
        "the field {field} of {resource} takes values of a further type",
        *_SHAPE,
    ),
    "type_narrowed": Words(
        "the field {field} of {resource} takes values of fewer types",
        *_SHAPE,
    ),
    "enum_value_added": Words(
        "the field {field} of {resource} has a new value in its list",
        *_VALUE,
    ),
    "enum_value_removed": Words(
        "a value of the list of {field} in {resource} is no longer allowed",
        *_VALUE,
    ),
    "limit_loosened": Words(
        "the field {field} of {resource} takes longer values than before",
        *_SHAPE,
    ),
    "limit_tightened": Words(
        "the field {field} of {resource} takes shorter values than before",
        *_WRITE,
    ),
    "limit_set": Words(
        "the field {field} of {resource} has a limit where there was none",
        *_WRITE,
    ),
    "pattern_added": Words(
        "the field {field} of {resource} has to follow a pattern",
        *_WRITE,
    ),
    "precision_changed": Words(
        "the field {field} of {resource} has another number of decimals, or another precision",
        *_SHAPE,
    ),
    "date_format_changed": Words(
        "the dates in {field} of {resource} are written in another form",
        *_SHAPE,
    ),
    "text_only_changed": Words(
        "titles of {resource} have changed, and nothing else",
        *_SHAPE,
    ),
    "field_renamed": Words(
        "the field {field} of {resource} seems to have another name: {hint}",
        *_SHAPE,
    ),
    "field_moved": Words(
        "the field {field} of {resource} seems to stand elsewhere: {hint}",
        *_SHAPE,
    ),
    "collection_renamed": Words(
        "the lines {field} of {resource} seem to have another name: {hint}",
        *_SHAPE,
    ),
    "key_changed": Words(
        "the key of {resource} has changed at {field}; no deletes are believed meanwhile",
        *_KEY,
    ),
    "cursor_lost": Words(
        "{resource} no longer shows when a record was changed ({field}): it is read whole instead",
        *_CURSOR,
    ),
    "resource_removed": Words(
        "{resource} is no longer served by the tenant",
        *_GONE,
    ),
    "resource_added": Words(
        "the tenant serves a new class {resource}",
        *_SHAPE,
    ),
    "meaning_suspected": Words(
        "the values of {field} in {resource} seem to mean something else than before",
        *_VALUE,
    ),
    "order_changed": Words(
        "the members of {resource} come in another order",
        *_SHAPE,
    ),
    "journal_balance": Words(
        "{count} journal entries do not balance",
        *_BOOKS,
    ),
    "balances": Words(
        "{count} account balances differ from their journal entries",
        *_BOOKS,
    ),
    "header_totals": Words(
        "in {count} documents of {resource} the total {field} is not the sum of the lines",
        *_RECORDS,
    ),
    "delivered_over_ordered": Words(
        "{count} order lines of {resource} were delivered beyond what was ordered",
        *_RECORDS,
    ),
    "orphans": Words(
        "{count} records of {resource} name in {field} something that does not exist",
        *_ORPHANS,
    ),
    "menu_values": Words(
        "{count} records of {resource} hold in {field} a value that its list does not have",
        *_VALUE,
    ),
    "duplicate_keys": Words(
        "different records of {resource} share one key, or have none",
        *_RECORDS,
    ),
    "stock_signs": Words(
        "{count} stock records of {resource} are impossible at {field}: below zero, or more allocated than there is",
        *_RECORDS,
    ),
    "set_changes": Words(
        "the set of {field} in {resource} has changed: one came or went",
        *_VALUE,
    ),
    "scale_errors": Words(
        "{count} amounts in {field} of {resource} have more decimals than their currency",
        *_RECORDS,
    ),
    "date_range": Words(
        "{count} dates in {field} of {resource} cannot be right",
        *_RECORDS,
    ),
    "scale_shift": Words(
        "the amounts in {field} of {resource} were all multiplied by one factor: {hint}",
        *_SCALE,
    ),
    "empty_answer": Words(
        "{resource} answers without any record, where there were {n}",
        *_FILTER,
    ),
    "mass_delete": Words(
        "{count} of {n} records of {resource} are missing at once; their deletes are held",
        *_FILTER,
    ),
    "mass_update": Words(
        "more than half of the records of {resource} changed at once",
        *_BULK,
    ),
    "stopped_changing": Words(
        "{resource} has stopped changing, against its own habit",
        *_RHYTHM,
    ),
    "check_did_not_run": Words(
        "the checks of {resource} did not run when they were due",
        *_OURS,
    ),
    "secret_expires": Words(
        "the client secret ends soon, or has ended",
        *_SECRET,
    ),
    "token_life": Words(
        "access tokens live shorter than they used to",
        *_TOKEN,
    ),
    "certificate_expires": Words(
        "the certificate of the tenant's server ends soon, or has ended",
        *_CERTIFICATE,
    ),
    "clock_skew": Words(
        "the tenant's clock and ours differ",
        *_CLOCK,
    ),
}
"""By finding; texts may also hold {alert}, {resource}, {field}, {hint}, {samples}, {count} and {n}."""
