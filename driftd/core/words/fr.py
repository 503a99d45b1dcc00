"""Français."""

from typing import Final

from driftd.core.drift import Severity
from driftd.core.reasons import Actor, Cause, State
from driftd.core.words.fr_drift import DRIFTS
from driftd.core.words.fr_reasons import REASONS
from driftd.core.words.model import Labels, Phrases, Standing, Units, Words

_NO_BREAK: Final = "\u00a0"
_QUIET: Final = {
    State.PAUSED: Words(
        "quelqu’un l’a suspendue ; elle reprend d’elle-même à la fin de la suspension",
        "La lecture de votre Sage X3 (dossier {folder}) est suspendue de notre côté, comme convenu. Elle reprendra"
        " d’elle-même.",
        ("Rien, si la suspension est toujours voulue.",),
    ),
    State.MAINTENANCE: Words(
        "elle est dans sa fenêtre de maintenance ; les échecs ne comptent pas",
        "Votre Sage X3 (dossier {folder}) est dans la fenêtre de maintenance convenue. Vous n’avez rien à faire.",
        ("Attendre la fin de la fenêtre.",),
    ),
    State.UNVALIDATED: Words(
        "rien n’a encore été essayé",
        "La connexion à votre Sage X3 (dossier {folder}) est en place et va être essayée pour la première fois.",
        (
            "Vérifier la configuration : `driftd check config`.",
            "Démarrer le service, ou lire une première fois : `driftd poll`.",
        ),
    ),
    State.UNKNOWN: Words(
        "ce que l’on sait est trop ancien : driftd ne tournait pas, ou vient de démarrer",
        "Notre propre surveillance a été interrompue et reprend. Vous n’avez rien à faire.",
        (
            "Vérifier que le service tourne : `driftd healthcheck`.",
            "S’il vient de démarrer, attendre la prochaine lecture ; sinon, le démarrer.",
        ),
    ),
    State.STALLED: Words(
        "les lectures prévues n’aboutissent pas, bien que rien n’ait échoué",
        "La lecture de votre Sage X3 (dossier {folder}) a pris du retard de notre côté, et nous en cherchons la cause."
        " Vous n’avez rien à faire.",
        (
            "Examiner la charge et le journal du service à partir de cette heure.",
            "Si d’autres connexions sont bloquées aussi, redémarrer le service : rien n’est perdu.",
        ),
    ),
    State.RETRYING: Words(
        "une lecture est en retard",
        "La lecture de votre Sage X3 (dossier {folder}) a connu une brève interruption et est relancée. Vous n’avez"
        " rien à faire.",
        ("Attendre : un nouvel essai a lieu automatiquement.",),
    ),
    State.DEGRADED: Words(
        "une partie n’est pas comme elle devrait être : voir ses ressources",
        "Une partie des données de votre Sage X3 (dossier {folder}) ne nous parvient pas comme elle le devrait. Nous en"
        " cherchons la cause.",
        ("Examiner les ressources ci-dessus, et les dérives de la connexion.",),
    ),
    State.OK: Words(
        "chaque ressource est lue dans son intervalle",
        "La connexion à votre Sage X3 (dossier {folder}) fonctionne normalement.",
        ("Rien.",),
    ),
}

FRENCH: Final = Phrases(
    reasons=REASONS,
    drifts=DRIFTS,
    unknown_drift=Words(
        "quelque chose s’écarte de ce qui était connu",
        "Quelque chose a changé dans votre Sage X3 (dossier {folder}). Nous l’examinons.",
        ("Le regarder : `driftd alerts show {alert}`.",),
    ),
    stale_date=Words(
        "la date d’expiration configurée du secret est passée, et le secret fonctionne toujours",
        "Le secret d’accès à votre Sage X3 (dossier {folder}) fonctionne. Vous n’avez rien à faire.",
        ("Donner à secret_expires la date du secret actuel, ou le retirer : `driftd check config`.",),
    ),
    of_group=Words(
        "{count} connexions ont le même problème : {clause}",
        "Nous constatons la même chose sur plusieurs connexions et en cherchons la cause commune : {clause}.",
        (
            "Voir quelles connexions sont touchées : `driftd alerts list --all`.",
            "Examiner d’abord ce qu’elles ont en commun : notre réseau, leur serveur, une mise à jour de Sage X3.",
        ),
    ),
    several="plusieurs",
    severities={Severity.CRITICAL: "critique", Severity.WARNING: "avertissement", Severity.INFO: "information"},
    named_below="voir notre liste",
    quiet=_QUIET,
    states={
        State.PAUSED: "suspendue",
        State.MAINTENANCE: "en maintenance",
        State.UNVALIDATED: "pas encore essayée",
        State.UNKNOWN: "état inconnu",
        State.CONFIG_ERROR: "mal configurée",
        State.AUTH_FAILED: "identifiants refusés",
        State.UNREACHABLE: "injoignable",
        State.RATE_LIMITED: "ralentie",
        State.STALLED: "bloquée",
        State.RETRYING: "nouvel essai en cours",
        State.DEGRADED: "dégradée",
        State.OK: "en ordre",
    },
    causes={
        Cause.CONFIG: "notre configuration",
        Cause.CREDENTIAL: "identifiants ou droits",
        Cause.TRANSIENT: "réseau",
        Cause.TENANT: "le système du client",
        Cause.INTERNAL: "notre propre système",
    },
    actors={
        Actor.X3_ADMIN: "l’administrateur X3 du client",
        Actor.NETWORK_ADMIN: "l’administrateur réseau du client",
        Actor.OPERATOR: "notre exploitant, par la configuration",
        Actor.SRE: "notre équipe SRE",
        Actor.DEVELOPERS: "nos développeurs",
        Actor.WAIT: "personne pour l’instant : attendre",
    },
    labels=Labels(
        since="depuis",
        data="dernières données",
        success="dernière lecture",
        change="dernier changement",
        reason="motif",
        scope="étendue",
        evidence="indices",
        actor="qui agit",
        tell="à dire au client",
        fix="que faire",
        meanwhile="en attendant",
        before="auparavant",
        ahead="à venir",
        alerts="alertes",
        never="jamais",
        field="champ",
        expected="attendu",
        seen="constaté",
        rule="règle",
        hint="piste",
        impact="portée",
        impacts="en lecture : {read} ; en écriture : {write}",
        numbers="chiffres",
        counted="{affected} sur {m} enregistrements s’écartent ; l’attente repose sur {n}",
        times="évaluations qui l’ont constaté : {count}",
        members="membres",
        keys="clés",
        held="retenu",
        candidates="{count} suppressions, empreinte {hash}",
        versions="versions du schéma",
        muted="en sourdine",
        deeds="décidé",
    ),
    units=Units(
        second="s",
        minute="min",
        hour="h",
        day="j",
        past="il y a {span}",
        future="dans {span}",
        now="maintenant",
        months=(
            "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
            "novembre", "décembre",
        ),
        moment=f"{{day}} {{month}} {{year}} à {{hour}}{_NO_BREAK}h{_NO_BREAK}{{minute}} ({{zone}})",
        first="1er",
    ),
    opening="Depuis le {since}, notre service ne reçoit plus de données de votre Sage X3 (dossier {folder}).",
    opening_some="Depuis le {since}, notre service ne reçoit plus les données {resources} de votre Sage X3 (dossier"
    " {folder}).",
    opening_doubted="Depuis le {since}, notre service retient une partie des données {resources} de votre Sage X3"
    " (dossier {folder}).",
    closing="Dès que ce point sera réglé, notre service rattrapera son retard de lui-même.",
    new_secret=Standing(
        operator="Placer le nouveau secret là où la configuration le lit : il est relu au prochain essai.",
        ours="Donner le nouveau secret à driftd, qui l’essaie d’abord : `driftd connections rotate {connection}`.",
    ),
    change=Standing(
        operator="Modifier la configuration, puis la vérifier : `driftd check config`.",
        ours="Elle est dans la base : l’envoyer à nouveau, modifiée, par `PUT /api/v1/connections/{connection}` ; ce"
        " qui est sous [network] ou [defaults] se modifie dans la configuration.",
    ),
    everywhere="Le même échec touche plusieurs hôtes : examiner d’abord notre réseau et nos systèmes.",
    verify="Vérifier que c’est réparé : `{command}`. Après deux lectures réussies, l’état redevient « en ordre ».",
    scope_all="de même pour {failing} des {of} connexions, sur plusieurs hôtes",
    scope_host="de même pour {failing} des {of} connexions de {host}",
    scope_resource="seulement {resources} de cette connexion",
    scope_tenant="cette connexion seule",
    colon=f"{_NO_BREAK}:",
    between=f"{_NO_BREAK}; ",
    more="{count} de plus",
    current="à jour",
    missing="les changements survenus depuis manquent aux consommateurs",
    never_read="les consommateurs n’ont encore rien",
    held="suppressions retenues : {count}",
    pending="suppressions en attente d’une seconde lecture : {count}",
    coverage=f"détails récents : {{percent}}{_NO_BREAK}%",
    status="statut HTTP {status}",
    times="échecs d’affilée : {count}",
    first_failure="premier échec",
    latest_failure="dernier échec",
    token_failures="jetons refusés ou non obtenus jusqu’ici : {count}",  # noqa: S106 - words
    paused="suspendue par {by} ({reason}) ; fin",
    maintenance="fin de la maintenance ordonnée par {by} ({reason})",
    window="début de la maintenance ordonnée par {by} ({reason})",
    next_poll="prochaine lecture",
    held_until="pas de lecture avant",
    breaker="disjoncteur : prochain essai",
    budget="consommé sur le budget du jour : {requests} requêtes sur {of_requests}, {bytes} Mo sur {of_bytes}",
    resumes="remise à zéro du budget",
    flips="changements d’état ces {days} derniers jours : {count}",
    secret_ends="fin de validité du secret client",  # noqa: S106 - words
    certificate_ends="fin de validité du certificat du serveur",
    client_certificate_ends="fin de validité de notre certificat client",
    spacing=(
        (" :", f"{_NO_BREAK}:"),
        (" ;", f"{_NO_BREAK};"),
        (" ?", f"{_NO_BREAK}?"),
        (" !", f"{_NO_BREAK}!"),
        ("« ", f"«{_NO_BREAK}"),
        (" »", f"{_NO_BREAK}»"),
    ),
)  # fmt: skip
