"""English: what is said of every drift."""

from typing import Final

from driftd.core.words.drifts import Family, assembled

_CLAUSES: Final = {
    "field_added_optional": "{resource} has a new field {field}",
    "custom_field_added": "{resource} has a new customer-specific field {field}",
    "field_added_required": "{resource} has a new mandatory field {field}: what is entered without it is refused",
    "field_removed_always": "the field {field} of {resource}, which every record had, is gone",
    "field_removed_sometimes": "the field {field} of {resource}, which some records had, is gone",
    "required_to_optional": "the field {field} of {resource}, which every record had, is missing in some",
    "became_nullable": "the field {field} of {resource}, which was never empty, is empty in some records",
    "optional_to_required": "the field {field} of {resource} has become mandatory",
    "became_not_null": "the field {field} of {resource}, which was sometimes empty, no longer is",
    "type_changed": "the values of the field {field} of {resource} are of another type",
    "type_widened": "the field {field} of {resource} also takes values of another type",
    "type_narrowed": "the field {field} of {resource} takes values of fewer types than before",
    "enum_value_added": "the field {field} of {resource} has a new value in its list",
    "enum_value_removed": "the field {field} of {resource} no longer allows a value of its list",
    "limit_loosened": "the field {field} of {resource} takes longer values than before",
    "limit_tightened": "the field {field} of {resource} takes shorter values than before",
    "limit_set": "the length of the field {field} of {resource} is now limited",
    "pattern_added": "the field {field} of {resource} must now follow a given format",
    "precision_changed": "the field {field} of {resource} has another number of decimals, or another precision",
    "date_format_changed": "the dates in {field} of {resource} are written in another form",
    "text_only_changed": "titles of {resource} have changed, and nothing else",
    "field_renamed": "the field {field} of {resource} seems to be called {to} now",
    "field_moved": "the field {field} of {resource} seems to be at {to} now",
    "collection_renamed": "the lines {field} of {resource} seem to be called {to} now",
    "key_changed": "the key of {resource} has changed ({field}); no deletes are believed meanwhile",
    "cursor_lost": "{resource} no longer shows when a record was changed ({field}): it is read whole instead",
    "resource_removed": "{resource} is no longer offered by the customer's Sage X3",
    "resource_added": "a new class {resource} is offered",
    "meaning_suspected": "the values of {field} in {resource} seem to mean something else than before",
    "order_changed": "the fields of {resource} come in another order",
    "journal_balance": "journal entries do not balance ({count})",
    "balances": "account balances differ from their journal entries ({count})",
    "header_totals": "in documents of {resource} the total {field} is not the sum of the lines ({count})",
    "delivered_over_ordered": "more was delivered than ordered ({count} order lines)",
    "orphans": "records of {resource} refer in {field} to something that does not exist ({count})",
    "menu_values": "records of {resource} hold in {field} a value that its list does not have ({count})",
    "duplicate_keys": "different records of {resource} share one key, or have none",
    "stock_signs": "stocks of {resource} cannot be right ({field}): below zero, or allocated beyond it ({count})",
    "set_changes": "values of {field} in {resource} have appeared or disappeared",
    "scale_errors": "amounts in {field} of {resource} have more decimals than their currency ({count})",
    "date_range": "dates in {field} of {resource} cannot be right ({count})",
    "scale_shift": "the values in {field} of {resource} were all multiplied by {factor}",
    "empty_answer": "{resource} answers without any record, where there were {n}",
    "mass_delete": "{count} of {n} records of {resource} are missing at once; their deletes are held",
    "mass_update": "more than half of the records of {resource} changed at once",
    "stopped_changing": "{resource} has stopped changing, against its own habit",
    "check_did_not_run": "the checks of {resource} did not run when they were due",
    "secret_expires": "the client secret expires soon, or has expired",
    "refresh_token_expires": "the pairing ends soon, or has ended, as it is not used",
    "token_life": "access tokens live shorter than they used to",
    "certificate_expires": "the certificate of {host} expires soon, or has expired",
    "clock_skew": "the customer's clock and ours differ",
    "log_began_anew": "our log of changes began anew",
}
_FAMILIES: Final = {
    Family.SHAPE: (
        (
            "The structure of {resource} in your Sage X3 (folder {folder}) has changed: {clause}. Please ask your"
            " Sage X3 administrator which update, activity code or change of a representation brought this, and"
            " whether it is to stay."
        ),
        (
            "See the form before and now: `driftd drift show {alert}`.",
            ("Adapt what reads or writes {field}, then accept the new form: `driftd drift accept {alert} --reason …`."),
            "If it was not meant, send the text above to the customer: the alert ends when the form is back.",
        ),
    ),
    Family.WRITE: (
        (
            "The rules for entering {resource} in your Sage X3 (folder {folder}) have become stricter: {clause}."
            " Until we have adapted, entries of ours may be refused there. Please ask your Sage X3 administrator"
            " which update or change of settings brought this, and whether it is to stay."
        ),
        (
            "See the form before and now: `driftd drift show {alert}`.",
            "Adapt what writes {field}, then accept it: `driftd drift accept {alert} --reason …`.",
        ),
    ),
    Family.EMPTY: (
        (
            "In your Sage X3 (folder {folder}), {clause}. Please ask your Sage X3 administrator whether that is"
            " intended, or whether a right or an import is missing."
        ),
        (
            "Look at the records named: `driftd drift show {alert}`.",
            "If it is meant, accept it: `driftd drift accept {alert} --reason …`.",
            "Else send the text above to the customer.",
        ),
    ),
    Family.VALUE: (
        (
            "In your Sage X3 (folder {folder}), {clause}. Please tell us whether that is intended, and what the"
            " new values mean."
        ),
        (
            "Look at what changed: `driftd drift show {alert}`.",
            "Ask the customer for its meaning, adapt, then accept it: `driftd drift accept {alert} --reason …`.",
        ),
    ),
    Family.KEY: (
        (
            "The records of {resource} in your Sage X3 (folder {folder}) can no longer be told apart by {field}. We"
            " therefore carry out no deletions there. Please ask your Sage X3 administrator which update was made."
        ),
        (
            "Compare the key in the configuration with that of the class: `driftd drift show {alert}`.",
            "Change the key in the configuration, or accept the new form: `driftd drift accept {alert} --reason …`.",
        ),
    ),
    Family.CURSOR: (
        (
            "{resource} in your Sage X3 (folder {folder}) no longer shows when a record was last changed. We"
            " therefore read it whole, which puts more load on your server. Please ask your Sage X3 administrator"
            " to show {field} in the representation again."
        ),
        (
            "Send the text above to the customer.",
            "If it is to stay so, accept it: `driftd drift accept {alert} --reason …`.",
        ),
    ),
    Family.GONE: (
        (
            "Your Sage X3 (folder {folder}) no longer offers {resource}. Please ask your Sage X3 administrator"
            " whether the representation was removed, renamed, or its module switched off."
        ),
        (
            "Try it: `driftd connections test {connection}`.",
            "If the class has another name, change the configuration; else send the text above to the customer.",
        ),
    ),
    Family.BOOKS: (
        (
            "In your Sage X3 (folder {folder}), {clause}. Please ask your Sage X3 administrator or your"
            " accountant to look at these: {samples}."
        ),
        (
            "Look at the records named: `driftd drift show {alert}`.",
            "Send the text above to the customer; the alert ends when they are right.",
            "If they are right as they are, accept these: `driftd drift accept {alert} --reason …`.",
        ),
    ),
    Family.RECORDS: (
        (
            "In your Sage X3 (folder {folder}), {clause}. Please ask your Sage X3 administrator to look at these:"
            " {samples}."
        ),
        (
            "Look at the records named: `driftd drift show {alert}`.",
            "Send the text above to the customer; the alert ends when they are right.",
            "If they are right as they are, accept these: `driftd drift accept {alert} --reason …`.",
        ),
    ),
    Family.ORPHANS: (
        (
            "In your Sage X3 (folder {folder}), records of {resource} refer in {field} to something that was"
            " deleted or never existed. Please ask your Sage X3 administrator to restore it, or to correct these:"
            " {samples}."
        ),
        (
            "Look at the records named: `driftd drift show {alert}`.",
            "Do not process these records meanwhile.",
            "Send the text above to the customer; the alert ends when the reference is whole again.",
        ),
    ),
    Family.SCALE: (
        (
            "In your Sage X3 (folder {folder}), {clause}. Please tell us whether that is intended, for example a"
            " change of unit or currency; until then we treat these values with care."
        ),
        (
            "Do not pass on prices and amounts of {resource} meanwhile.",
            "Look at the factor and the records: `driftd drift show {alert}`.",
            (
                "If it was meant, accept it: `driftd drift accept {alert} --reason …`; else send the text above to"
                " the customer."
            ),
        ),
    ),
    Family.FILTER: (
        (
            "Many records of {resource} in your Sage X3 (folder {folder}) can suddenly no longer be seen by our"
            " user. We have deleted nothing for now. Please ask your Sage X3 administrator whether they were"
            " deleted on purpose, or whether the role, rights or filters of our web-service user were changed."
        ),
        (
            "Ask the customer before you do anything: the snapshot keeps the records meanwhile.",
            "Deleted on purpose: `driftd drift release {alert} --reason …`.",
            (
                "Not deleted: have the right restored; the hold ends by itself, or `driftd drift keep {alert}"
                " --reason …`."
            ),
        ),
    ),
    Family.BULK: (
        (
            "A large part of {resource} in your Sage X3 (folder {folder}) was changed at once. If that was an import"
            " or a bulk update, there is nothing you need to do."
        ),
        ("Look at which fields changed: `driftd changes --connection {connection} --resource {resource}`.",),
    ),
    Family.RHYTHM: (
        (
            "We have seen no change in {resource} of your Sage X3 (folder {folder}) for unusually long. Please tell"
            " us whether an import or an interface has stopped on your side."
        ),
        (
            "See since when: `driftd history {connection}`.",
            "Ask the customer whether work goes on there.",
        ),
    ),
    Family.OURS: (
        "Our own checks of your data are delayed, and we are looking into it. There is nothing you need to do.",
        (
            "See when it was last polled, and what holds it back: `driftd status {connection}`.",
            "Look at requests_per_day, blackout and sweep: `driftd check config`.",
        ),
    ),
    Family.SECRET: (
        (
            "The access secret that you gave us for your Sage X3 (folder {folder}) is valid until {ends} only."
            " Please ask your Sage X3 administrator to create a new one and to send it to us in the agreed secure"
            " way (not by e-mail)."
        ),
        (
            "Send the text above to the customer.",
            "{new_secret}",
            "Then change secret_expires. {change}",
        ),
    ),
    Family.PAIR: (
        (
            "The pairing of our service with your Sage X3 (folder {folder}) has not been used for a while and ends"
            " {ends}. We will come back to you should it have to be approved anew. There is nothing you need to do yet."
        ),
        (
            "See what keeps the connection from being polled: `driftd explain {connection}`.",
            "Have it polled: the next poll renews the pairing, and this alert ends by itself.",
            (
                "Where it has ended, have the customer pair anew, and give the refresh token:"
                " `driftd connections rotate {connection}`."
            ),
        ),
    ),
    Family.TOKEN: (
        (
            "The access that your server grants us lasts shorter than before. Please ask your Sage X3 administrator"
            " whether the validity of tokens was changed."
        ),
        (
            "Look at the figures: `driftd alerts show {alert}`.",
            "Nothing breaks yet: ask the customer whether it is meant.",
        ),
    ),
    Family.CERTIFICATE: (
        (
            "The certificate of your server {host} is valid until {ends} only. Please ask your Sage X3"
            " administrator to renew it in time: without a valid certificate we can no longer connect."
        ),
        (
            "Send the text above to the customer.",
            "See when it ends: `driftd connections test {connection} --debug`.",
        ),
    ),
    Family.CLOCK: (
        (
            "The clock of your server {host} and ours differ. We are checking ours; please ask your Sage X3"
            " administrator to check the time on the server."
        ),
        (
            "Check the clock of this machine: `timedatectl`.",
            "If it is right, send the text above to the customer.",
        ),
    ),
    Family.LOG: (
        (
            "Our own database had to be replaced. Your data in Sage X3 are not concerned, and nothing needs to be done"
            " on your side."
        ),
        (
            "Have everyone who follows `driftd changes` read the records again: `driftd records`.",
            "Look why it was replaced: `driftd status` names the reason and where the old files are.",
        ),
    ),
}
DRIFTS: Final = assembled(_CLAUSES, _FAMILIES)
