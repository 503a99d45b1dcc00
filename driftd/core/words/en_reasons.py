"""English: what is said of every reason."""

from typing import Final

from driftd.core.words.model import Words
from driftd.errors import Reason

_OURS: Final = "There is nothing you need to do."
_SEND: Final = "Send the text above to the customer."

REASONS: Final = {
    Reason.DNS_FAILURE: Words(
        "the name {host} is not found in the DNS",
        "The name {host} of your server is no longer found. Please ask your network administrator to check its DNS"
        " entry.",
        (
            "Ask for the name from this machine: `getent hosts {host}`.",
            "Where only our resolver does not know it, have our SRE repair the resolver.",
            "Where the server has moved, change base_url and token_url; else send the text above to the customer.",
        ),
    ),
    Reason.CONNECTION_REFUSED: Words(
        "{host} refuses the connection: nothing listens there, or a firewall says no",
        "Your server {host} refuses connections. Please ask your network administrator whether the web server of Sage"
        " X3 is running and its port open to us.",
        ("Compare host and port of base_url with what was agreed with the customer.", _SEND),
    ),
    Reason.CONNECT_TIMEOUT: Words(
        "{host} cannot be reached: no connection in time",
        "Your server {host} cannot be reached. Please ask your network administrator whether a firewall rule or an"
        " address filter has changed, and whether our addresses are still admitted.",
        (
            "Try from this machine whether other servers can be reached; if not, our own network is the cause.",
            "Send the text above to the customer, with the addresses from which we come.",
        ),
    ),
    Reason.CONNECTION_RESET: Words(
        "connections to {host} break off before the answer is complete",
        "Connections to your server {host} break off before an answer is complete. Please ask your network"
        " administrator to look at the firewall, proxy or load balancer in front of it.",
        ("Wait for a few polls: a restart of the server looks the same.", _SEND),
    ),
    Reason.TIMEOUT: Words(
        "no whole answer from {host} in time",
        "Your server {host} does not answer in time. Please ask your network administrator and your Sage X3"
        " administrator whether it is overloaded or a line is slow.",
        (
            "See in the evidence whether all resources are slow or only {resources}.",
            "For a slow tenant, lower page_size or raise timeout. {change}",
            _SEND,
        ),
    ),
    Reason.PROXY_ERROR: Words(
        "our own proxy does not let us through",
        "The cause lies in our own access to the network, and we are repairing it. " + _OURS,
        (
            "Check the address of the proxy in the configuration.",
            "Have our SRE look at the proxy: driftd signs in at none, so it must admit this machine by its address.",
        ),
    ),
    Reason.TLS_ERROR: Words(
        "the certificate of {host} is not trusted",
        "The certificate of your server {host} is not accepted: its name, its chain or its issuer is not right. Please"
        " ask your Sage X3 administrator to install a certificate that is valid for {host}, with its complete chain.",
        (
            "Look at the certificate: `openssl s_client -connect {host}:{port} -servername {host}`.",
            "Where it comes from the customer's own authority, give that as ca_file. {change}",
            "Where a client certificate is spoken of, have the customer issue one: it goes into client_cert_file.",
            "Else send the text above to the customer. Checks of certificates are never switched off.",
        ),
    ),
    Reason.TLS_EXPIRED: Words(
        "the certificate of {host} has expired",
        "The certificate of your server {host} has expired. Please ask your Sage X3 administrator to renew it.",
        ("See when it ended: `openssl s_client -connect {host}:{port} -servername {host}`.", _SEND),
    ),
    Reason.SERVER_ERROR: Words(
        "the tenant answers with an error of its own",
        "Your Sage X3 server answers our requests with an error. Please ask your Sage X3 administrator to look into the"
        " logs of the web services (Syracuse) from that time on.",
        (
            "See in the evidence whether all resources fail or only {resources}.",
            "Ask the customer what was changed: a patch, a folder validation, a purge.",
            _SEND,
        ),
    ),
    Reason.GATEWAY_ERROR: Words(
        "the gateway of {host} answers, the server behind it does not",
        "Your server {host} answers, but Sage X3 behind it does not. Please ask your Sage X3 administrator whether the"
        " application server and its web services are running.",
        ("Wait for a few polls: a restart of the server looks the same.", _SEND),
    ),
    Reason.MAINTENANCE_PAGE: Words(
        "{host} answers with a login or maintenance page in place of data",
        "Your server {host} shows a login or maintenance page in place of data. During maintenance there is nothing to"
        " do; otherwise please ask your Sage X3 administrator to check the web services.",
        (
            "Ask the customer whether maintenance is under way.",
            "If not, check base_url and the way of signing in: a login page also means that it is not accepted.",
            _SEND,
        ),
    ),
    Reason.RATE_LIMITED: Words(
        "the tenant asks for fewer requests",
        "Your Sage X3 asks us to send fewer requests, and we comply. There is nothing you need to do; should it last,"
        " we will agree on another pace with you.",
        (
            "Wait: the next poll is when the tenant allows it.",
            "If it comes back every day, lengthen probe, delta and sweep. {change}",
        ),
    ),
    Reason.BUDGET_EXHAUSTED: Words(
        "the requests or bytes that we may use in a day are used up",
        "The volume that we read from your system in a day at most has been reached. Reading goes on by itself the next"
        " day. " + _OURS,
        (
            "See under meanwhile what was used, and when reading goes on.",
            (
                "Lengthen probe, delta and sweep, or raise requests_per_day or bytes_per_day as agreed with the"
                " customer. {change}"
            ),
        ),
    ),
    Reason.OAUTH_INVALID_CLIENT: Words(
        "the tenant refuses client id and secret",
        "Your Sage X3 refuses the credentials with which we sign in: they were changed, have expired or were disabled."
        " Please ask your Sage X3 administrator to check the application registered for our service, and to hand over"
        " the new secret in the agreed secure way (not by e-mail).",
        (
            "Ask whether the secret was rotated, and whether we hold the new one already.",
            "Send the text above to the customer.",
            "{new_secret}",
        ),
    ),
    Reason.OAUTH_ERROR: Words(
        "the tenant's token endpoint grants no token",
        "Your Sage X3 no longer grants access to our service: its authorisation was withdrawn or has lapsed. Please ask"
        " your Sage X3 administrator to authorise it again.",
        ("Compare token_url and client_id with what was agreed with the customer.", _SEND),
    ),
    Reason.TOKEN_EXPIRED: Words(
        "the tenant refuses tokens that it has just issued",
        "Your Sage X3 refuses access tokens that it has just issued. Please ask your Sage X3 administrator to check the"
        " application registered for our service, and the clock of the server.",
        ("Compare the clocks of both sides: `date -u` here, the Date header there.", _SEND),
    ),
    Reason.UNAUTHORIZED: Words(
        "the tenant refuses our sign-in to the web services",
        "Your Sage X3 refuses our sign-in to its web services. Please ask your Sage X3 administrator whether the user"
        " of our service is active and may use the web services.",
        (
            "Compare user and way of signing in with what was agreed with the customer.",
            _SEND,
            "The secret or password may have been changed. {new_secret}",
        ),
    ),
    Reason.FORBIDDEN: Words(
        "our user may not read {resources}",
        "The user of our service may no longer read {resources}. Please ask your Sage X3 administrator to give its role"
        " the right to read them in the folder {folder}.",
        ("Where a module was not bought at all, take its resources out of the configuration.", _SEND),
    ),
    Reason.FOLDER_NOT_FOUND: Words(
        "the tenant does not know the folder {folder} under this address",
        "Your Sage X3 does not know the folder {folder} under the agreed address. If it was renamed or moved, please"
        " tell us its new name and address.",
        (_SEND, "Set folder and endpoint to what the customer names. {change}"),
    ),
    Reason.WRONG_FOLDER: Words(
        "another folder than {folder} answers; nothing of it was taken over",
        "Under the agreed address another folder than {folder} answers. We take over nothing of it. If folders were"
        " moved or copied, please tell us where {folder} is to be found now.",
        (_SEND, "Set folder and endpoint to what the customer names. {change}"),
    ),
    Reason.RESOURCE_NOT_FOUND: Words(
        "the tenant does not offer {resources}",
        "Your Sage X3 does not offer {resources}. If classes or representations were renamed, or are no longer"
        " published, please tell us, and we adapt our configuration.",
        (
            "Ask the customer whether the class or its representation was renamed.",
            "Correct name, representation, key or watermark of the resource, or take it out. {change}",
        ),
    ),
    Reason.ADDRESS_NOT_ALLOWED: Words(
        "the address of the connection is not one where driftd may connect",
        "The cause lies in our own configuration, and we are correcting it. " + _OURS,
        (
            "See whether {host} has moved to a private address, and whether that is meant.",
            "If so, admit its range in [network] allow_networks, or in allow_http where it is plain http. {change}",
        ),
    ),
    Reason.CONFIG_ERROR: Words(
        "the configuration of the connection cannot be used",
        "The cause lies in our own configuration, and we are correcting it. " + _OURS,
        (
            "The evidence says what cannot be used: often a secret's file or variable that is not there.",
            "Where it is user or audience, ask the customer what is entered in X3.",
            "{change}",
        ),
    ),
    Reason.EMPTY_ANSWER: Words(
        "{resources} came back empty although there were records; nothing was deleted",
        "Your Sage X3 returns no records of {resources} although there were some before. We have deleted nothing. Often"
        " a right was lost: please ask your Sage X3 administrator whether the user of our service still sees these"
        " data, or tell us that they were really removed.",
        ("Ask what was changed: a role, a site of the user, the folder.", _SEND),
    ),
    Reason.INVALID_PAYLOAD: Words(
        "the tenant sends {resources} in a form that cannot be read",
        "Your Sage X3 sends {resources} in a form that we cannot read. Our developers are looking into it; please tell"
        " us whether a patch or an update was installed lately.",
        ("Give the evidence to our developers.", "Ask the customer what was installed lately."),
    ),
    Reason.PAYLOAD_TOO_LARGE: Words(
        "answers with {resources} are larger than is accepted",
        "The answers with {resources} are larger than our service accepts, and we are adapting it. " + _OURS,
        ("Lower page_size of the resource. {change}", "If that does not help, give the evidence to our developers."),
    ),
    Reason.PAGING_INCOMPLETE: Words(
        "the tenant does not list {resources} completely: its pages break off or repeat",
        "Your Sage X3 does not list {resources} completely. Our developers are looking into it; please tell us whether"
        " a patch, an update or a proxy was installed lately.",
        ("Give the evidence to our developers.", "Ask the customer whether a proxy changes links or keeps answers."),
    ),
    Reason.SUSPECT_MASS_DELETE: Words(
        "unusually many records of {resources} are missing at once; their deletes are held back",
        "In {resources}, unusually many records are missing at once. We have deleted nothing. Please tell us whether"
        " they were really deleted, by a purge or an archiving for example.",
        (
            "Ask the customer whether the records were really deleted; the text above does.",
            "If they were, release the held deletes; if not, they end by themselves when the records are back.",
        ),
    ),
    Reason.KEY_NOT_UNIQUE: Words(
        "records of {resources} have no key, or several share one; no deletes meanwhile",
        "In {resources} there are records without a key, or different records under the same key. We therefore carry"
        " out no deletions there. Please ask your Sage X3 administrator to check these data, or tell us that the key"
        " was changed.",
        ("Compare the key in the configuration with that of the class. {change}", _SEND),
    ),
    Reason.FROZEN: Words(
        "the shape of {resources} changed, and its policy is to stop until that is accepted",
        "The structure of {resources} in your Sage X3 has changed, and we have stopped reading it there until we have"
        " adapted to it. Please ask your Sage X3 administrator which update or change of a representation was made.",
        (
            "See what changed: `driftd drift list --connection {connection}`.",
            "Adapt what reads these records, then accept it: `driftd drift accept ID --reason …`.",
        ),
    ),
    Reason.CLOCK_SKEW: Words(
        "our clock and the tenant's differ",
        "The clock of your server {host} and ours differ, so that our sign-in is refused. We are checking ours; please"
        " ask your Sage X3 administrator to check the time of the server.",
        ("Check the clock of this machine: `timedatectl`.", "If it is right, send the text above to the customer."),
    ),
    Reason.STORE_ERROR: Words(
        "our own database cannot be used",
        "The cause lies in our own systems, and we are repairing it. " + _OURS,
        ("Look at free space and permissions of data_dir: `df -h`.", "Have our SRE look at the log of driftd."),
    ),
    Reason.INTERNAL_ERROR: Words(
        "driftd itself failed: a bug",
        "The cause lies in our own software, and we are repairing it. " + _OURS,
        ("Give the log of driftd from that time to our developers, with its version: `driftd version`.",),
    ),
}
