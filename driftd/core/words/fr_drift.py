"""Français : ce qui est dit de chaque dérive."""

from typing import Final

from driftd.core.words.drifts import Family, assembled

_CLAUSES: Final = {
    "field_added_optional": "{resource} a un nouveau champ {field}",
    "custom_field_added": "{resource} a un nouveau champ spécifique {field}",
    "field_added_required": "{resource} a un nouveau champ obligatoire {field} : nos envois sans lui seront refusés",
    "field_removed_always": "le champ {field} de {resource}, présent dans chaque enregistrement, a disparu",
    "field_removed_sometimes": "le champ {field} de {resource}, présent dans certains enregistrements, a disparu",
    "required_to_optional": "le champ {field} de {resource}, présent dans chaque enregistrement, manque dans certains",
    "became_nullable": "le champ {field} de {resource}, jamais vide auparavant, est vide dans certains enregistrements",
    "optional_to_required": "le champ {field} de {resource} est devenu obligatoire",
    "became_not_null": "le champ {field} de {resource} n’est plus jamais vide",
    "type_changed": "le champ {field} de {resource} a changé de type",
    "type_widened": "le champ {field} de {resource} prend des valeurs d’un type de plus",
    "type_narrowed": "le champ {field} de {resource} prend des valeurs de moins de types",
    "enum_value_added": "le champ {field} de {resource} a une nouvelle valeur dans sa liste",
    "enum_value_removed": "une valeur de la liste de {field} dans {resource} n’est plus admise",
    "limit_loosened": "le champ {field} de {resource} prend des valeurs plus longues qu’auparavant",
    "limit_tightened": "le champ {field} de {resource} prend des valeurs plus courtes qu’auparavant",
    "limit_set": "le champ {field} de {resource} a une limite là où il n’y en avait pas",
    "pattern_added": "le champ {field} de {resource} doit suivre un format",
    "precision_changed": "le champ {field} de {resource} a un autre nombre de décimales, ou une autre précision",
    "date_format_changed": "les dates de {field} dans {resource} sont écrites sous une autre forme",
    "text_only_changed": "des intitulés de {resource} ont changé, et rien d’autre",
    "field_renamed": "le champ {field} de {resource} semble avoir changé de nom : {hint}",
    "field_moved": "le champ {field} de {resource} semble avoir changé de place : {hint}",
    "collection_renamed": "les lignes {field} de {resource} semblent avoir changé de nom : {hint}",
    "key_changed": "la clé de {resource} a changé en {field} ; aucune suppression n’est crue entre-temps",
    "cursor_lost": "{resource} ne montre plus la date de modification ({field}) : il est relu en entier",
    "resource_removed": "{resource} n’est plus servi par le client",
    "resource_added": "le client sert une nouvelle classe {resource}",
    "meaning_suspected": "les valeurs de {field} dans {resource} semblent avoir changé de sens",
    "order_changed": "les champs de {resource} viennent dans un autre ordre",
    "journal_balance": "{count} pièces comptables ne sont pas équilibrées",
    "balances": "{count} soldes de comptes diffèrent de leurs écritures",
    "header_totals": "dans {count} documents de {resource}, le total {field} n’est pas la somme des lignes",
    "delivered_over_ordered": "{count} lignes de commande de {resource} ont été livrées au-delà du commandé",
    "orphans": "{count} enregistrements de {resource} citent dans {field} un élément qui n’existe pas",
    "menu_values": "{count} enregistrements de {resource} ont dans {field} une valeur absente de sa liste",
    "duplicate_keys": "des enregistrements différents de {resource} partagent une clé, ou n’en ont pas",
    "stock_signs": "{count} stocks de {resource} sont impossibles en {field} : négatifs, ou trop alloués",
    "set_changes": "l’ensemble des {field} dans {resource} a changé : un élément est apparu ou a disparu",
    "scale_errors": "{count} montants de {field} dans {resource} ont plus de décimales que leur devise",
    "date_range": "{count} dates de {field} dans {resource} sont invraisemblables",
    "scale_shift": "les montants de {field} dans {resource} ont tous été multipliés par un même facteur : {hint}",
    "empty_answer": "{resource} répond sans aucun enregistrement, alors qu’il y en avait {n}",
    "mass_delete": "{count} des {n} enregistrements de {resource} manquent d’un coup ; suppressions retenues",
    "mass_update": "plus de la moitié des enregistrements de {resource} ont changé d’un coup",
    "stopped_changing": "{resource} ne change plus, contrairement à son habitude",
    "check_did_not_run": "les contrôles de {resource} n’ont pas eu lieu à l’heure prévue",
    "secret_expires": "le secret du client OAuth expire bientôt, ou a expiré",
    "token_life": "les jetons d’accès durent moins longtemps qu’auparavant",
    "certificate_expires": "le certificat du serveur du client expire bientôt, ou a expiré",
    "clock_skew": "l’horloge du client et la nôtre ne concordent pas",
}
_FAMILIES: Final = {
    Family.SHAPE: (
        (
            "La structure de {resource} dans votre Sage X3 (dossier {folder}) a changé en {field}. Merci de demander"
            " à votre administrateur Sage X3 quelle mise à jour, quel code activité ou quel changement de"
            " représentation a été fait, et s’il doit rester."
        ),
        (
            "Comparer les deux formes : `driftd drift show {alert}`.",
            (
                "Adapter ce qui lit ou écrit {field}, puis accepter la nouvelle forme : `driftd drift accept {alert}"
                " --reason …`."
            ),
            (
                "Si ce n’était pas voulu, envoyer le texte ci-dessus au client : l’alerte cesse quand la forme est"
                " revenue."
            ),
        ),
    ),
    Family.WRITE: (
        (
            "Votre Sage X3 (dossier {folder}) demande désormais davantage dans {resource}, en {field}. Merci de"
            " demander à votre administrateur Sage X3 quelle mise à jour a été faite : tant que nous ne nous y sommes"
            " pas adaptés, nos saisies peuvent y être refusées."
        ),
        (
            "Comparer les deux formes : `driftd drift show {alert}`.",
            "Adapter ce qui écrit {field}, puis l’accepter : `driftd drift accept {alert} --reason …`.",
        ),
    ),
    Family.EMPTY: (
        (
            "Dans {resource} de votre Sage X3 (dossier {folder}), le champ {field} arrive désormais vide pour"
            " certains enregistrements. Merci de demander à votre administrateur Sage X3 si c’est voulu, ou si un"
            " droit ou un import manque."
        ),
        (
            "Regarder les enregistrements cités : `driftd drift show {alert}`.",
            "Si c’est voulu, l’accepter : `driftd drift accept {alert} --reason …`.",
            "Sinon, envoyer le texte ci-dessus au client.",
        ),
    ),
    Family.VALUE: (
        (
            "Dans {resource} de votre Sage X3 (dossier {folder}), les valeurs de {field} ne sont plus celles que nous"
            " connaissons. Merci de nous dire ce que signifient les nouvelles."
        ),
        (
            "Regarder ce qui a changé : `driftd drift show {alert}`.",
            (
                "Demander au client ce que cela signifie, s’adapter, puis l’accepter : `driftd drift accept {alert}"
                " --reason …`."
            ),
        ),
    ),
    Family.KEY: (
        (
            "Les enregistrements de {resource} dans votre Sage X3 (dossier {folder}) ne se distinguent plus par"
            " {field}. Nous n’y effectuons donc aucune suppression. Merci de demander à votre administrateur Sage X3"
            " quelle mise à jour a été faite."
        ),
        (
            "Comparer la clé de la configuration avec celle de la classe : `driftd drift show {alert}`.",
            (
                "Changer la clé dans la configuration, ou accepter la nouvelle forme : `driftd drift accept {alert}"
                " --reason …`."
            ),
        ),
    ),
    Family.CURSOR: (
        (
            "{resource} de votre Sage X3 (dossier {folder}) ne montre plus la date de modification des"
            " enregistrements. Nous le relisons en entier, ce qui charge davantage votre serveur. Merci de demander à"
            " votre administrateur Sage X3 de montrer de nouveau {field} dans la représentation."
        ),
        (
            "Envoyer le texte ci-dessus au client.",
            "Si cela doit rester ainsi, l’accepter : `driftd drift accept {alert} --reason …`.",
        ),
    ),
    Family.GONE: (
        (
            "Votre Sage X3 (dossier {folder}) n’offre plus {resource}. Merci de demander à votre administrateur Sage"
            " X3 si la représentation a été supprimée, renommée, ou son module désactivé."
        ),
        (
            "L’essayer : `driftd connections test {connection}`.",
            "Si la classe a un autre nom, changer la configuration ; sinon, envoyer le texte ci-dessus au client.",
        ),
    ),
    Family.BOOKS: (
        (
            "Dans votre Sage X3 (dossier {folder}), certaines écritures de {resource} ne tombent pas juste. Merci de"
            " demander à votre administrateur Sage X3 ou à votre comptable d’examiner : {samples}."
        ),
        (
            "Regarder les enregistrements cités : `driftd drift show {alert}`.",
            "Envoyer le texte ci-dessus au client ; l’alerte cesse quand ils sont justes.",
            "S’ils doivent rester ainsi, accepter ceux-ci : `driftd drift accept {alert} --reason …`.",
        ),
    ),
    Family.RECORDS: (
        (
            "Dans votre Sage X3 (dossier {folder}), certains enregistrements de {resource} se contredisent. Merci de"
            " demander à votre administrateur Sage X3 d’examiner : {samples}."
        ),
        (
            "Regarder les enregistrements cités : `driftd drift show {alert}`.",
            "Envoyer le texte ci-dessus au client ; l’alerte cesse quand ils sont justes.",
            "S’ils doivent rester ainsi, accepter ceux-ci : `driftd drift accept {alert} --reason …`.",
        ),
    ),
    Family.ORPHANS: (
        (
            "Dans votre Sage X3 (dossier {folder}), des enregistrements de {resource} renvoient dans {field} à un"
            " élément supprimé ou qui n’a jamais existé. Merci de demander à votre administrateur Sage X3 de le"
            " rétablir, ou de corriger : {samples}."
        ),
        (
            "Regarder les enregistrements cités : `driftd drift show {alert}`.",
            "Retenir ce que vous traiteriez de ces enregistrements.",
            "Envoyer le texte ci-dessus au client ; l’alerte cesse quand le renvoi est de nouveau complet.",
        ),
    ),
    Family.SCALE: (
        (
            "Les montants de {resource} dans votre Sage X3 (dossier {folder}) ont tous changé d’un même facteur en"
            " {field}. Merci de nous dire si c’était voulu, par exemple un changement d’unité ou de devise ; d’ici là,"
            " nous les traitons avec prudence."
        ),
        (
            "Retenir les prix et montants de {resource} que vous transmettriez.",
            "Regarder le facteur et les enregistrements : `driftd drift show {alert}`.",
            (
                "Si c’était voulu, l’accepter : `driftd drift accept {alert} --reason …` ; sinon, envoyer le texte"
                " ci-dessus au client."
            ),
        ),
    ),
    Family.FILTER: (
        (
            "De nombreux enregistrements de {resource} dans votre Sage X3 (dossier {folder}) ne sont soudain plus"
            " visibles pour notre utilisateur. Nous les gardons pour l’instant. Merci de demander à votre"
            " administrateur Sage X3 s’ils ont été supprimés volontairement, ou si le rôle, les droits ou les filtres"
            " de notre utilisateur de services web ont changé."
        ),
        (
            "Demander au client avant toute chose : l’instantané garde les enregistrements entre-temps.",
            "Supprimés volontairement : `driftd drift release {alert} --reason …`.",
            (
                "Non supprimés : faire rétablir le droit ; la retenue cesse d’elle-même, ou `driftd drift keep"
                " {alert} --reason …`."
            ),
        ),
    ),
    Family.BULK: (
        (
            "Une grande partie de {resource} dans votre Sage X3 (dossier {folder}) a été modifiée d’un coup. S’il"
            " s’agit d’un import ou d’une mise à jour en masse, vous n’avez rien à faire."
        ),
        ("Regarder quels champs ont changé : `driftd changes --connection {connection} --resource {resource}`.",),
    ),
    Family.RHYTHM: (
        (
            "Nous n’avons vu aucun changement dans {resource} de votre Sage X3 (dossier {folder}) depuis un temps"
            " inhabituel. Merci de nous dire si un import ou une interface s’est arrêté de votre côté."
        ),
        (
            "Voir depuis quand : `driftd history {connection}`.",
            "Demander au client si le travail y continue.",
        ),
    ),
    Family.OURS: (
        (
            "Nos propres contrôles de vos données ont du retard, et nous en cherchons la cause. Vous n’avez rien à"
            " faire."
        ),
        (
            "Voir la dernière lecture, et ce qui la retient : `driftd status {connection}`.",
            "Examiner requests_per_day, blackout et sweep : `driftd check config`.",
        ),
    ),
    Family.SECRET: (
        (
            "Le secret d’accès que vous nous avez donné pour votre Sage X3 (dossier {folder}) expire bientôt. Merci"
            " de demander à votre administrateur Sage X3 d’en créer un nouveau et de nous l’envoyer par la voie"
            " convenue."
        ),
        (
            "Envoyer le texte ci-dessus au client.",
            "Mettre le nouveau secret à sa place et le faire lire : `driftd connections test {connection}`.",
            "Changer ensuite secret_expires dans la configuration.",
        ),
    ),
    Family.TOKEN: (
        (
            "L’accès que votre serveur nous accorde dure moins longtemps qu’auparavant. Merci de demander à votre"
            " administrateur Sage X3 si la validité des jetons a été changée."
        ),
        (
            "Regarder les chiffres : `driftd alerts show {alert}`.",
            "Rien ne casse encore : demander au client si c’est voulu.",
        ),
    ),
    Family.CERTIFICATE: (
        (
            "Le certificat de votre serveur {host} expire bientôt. Merci de demander à votre administrateur Sage X3"
            " de le renouveler : ensuite, nous ne pourrons plus nous connecter."
        ),
        (
            "Envoyer le texte ci-dessus au client.",
            "Voir quand il expire : `driftd connections test {connection} --debug`.",
        ),
    ),
    Family.CLOCK: (
        (
            "L’horloge de votre serveur {host} et la nôtre ne concordent pas. Nous vérifions la nôtre ; merci de"
            " demander à votre administrateur Sage X3 de vérifier l’heure du serveur."
        ),
        (
            "Vérifier l’horloge de cette machine : `timedatectl`.",
            "Si elle est juste, envoyer le texte ci-dessus au client.",
        ),
    ),
}
DRIFTS: Final = assembled(_CLAUSES, _FAMILIES)
