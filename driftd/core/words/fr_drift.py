"""Français : ce qui est dit de chaque dérive."""

from typing import Final

from driftd.core.words.drifts import Family, assembled

_CLAUSES: Final = {
    "field_added_optional": "{resource} a un nouveau champ {field}",
    "custom_field_added": "{resource} a un nouveau champ spécifique {field}",
    "field_added_required": "{resource} a un nouveau champ obligatoire {field} : toute saisie sans lui est refusée",
    "field_removed_always": "le champ {field} de {resource}, présent dans tous les enregistrements, a disparu",
    "field_removed_sometimes": "le champ {field} de {resource}, présent dans certains enregistrements, a disparu",
    "required_to_optional": "le champ {field} de {resource}, toujours présent jusqu’ici, manque parfois",
    "became_nullable": "le champ {field} de {resource}, jamais vide jusqu’ici, l’est parfois",
    "optional_to_required": "le champ {field} de {resource} est devenu obligatoire",
    "became_not_null": "le champ {field} de {resource}, parfois vide jusqu’ici, ne l’est plus",
    "type_changed": "les valeurs du champ {field} de {resource} ont changé de type",
    "type_widened": "le champ {field} de {resource} accepte désormais aussi des valeurs d’un autre type",
    "type_narrowed": "le champ {field} de {resource} accepte moins de types de valeurs qu’auparavant",
    "enum_value_added": "la liste du champ {field} de {resource} compte une nouvelle valeur",
    "enum_value_removed": "une valeur de la liste du champ {field} de {resource} n’est plus admise",
    "limit_loosened": "le champ {field} de {resource} accepte des valeurs plus longues qu’auparavant",
    "limit_tightened": "le champ {field} de {resource} n’accepte plus que des valeurs plus courtes qu’auparavant",
    "limit_set": "la longueur du champ {field} de {resource} est désormais limitée",
    "pattern_added": "le champ {field} de {resource} doit désormais respecter un format",
    "precision_changed": "le champ {field} de {resource} a un autre nombre de décimales, ou une autre précision",
    "date_format_changed": "les dates du champ {field} de {resource} sont écrites sous une autre forme",
    "text_only_changed": "des intitulés de {resource} ont changé, et rien d’autre",
    "field_renamed": "le champ {field} de {resource} semble s’appeler désormais {to}",
    "field_moved": "le champ {field} de {resource} semble se trouver désormais sous {to}",
    "collection_renamed": "les lignes {field} de {resource} semblent s’appeler désormais {to}",
    "key_changed": "la clé de {resource} a changé ({field}) ; aucune suppression n’est prise en compte entre-temps",
    "cursor_lost": "{resource} ne montre plus la date de modification ({field}) : tout est relu",
    "resource_removed": "{resource} n’est plus disponible dans le Sage X3 du client",
    "resource_added": "une nouvelle classe, {resource}, est proposée",
    "meaning_suspected": "les valeurs du champ {field} de {resource} semblent avoir changé de sens",
    "order_changed": "les champs de {resource} arrivent dans un autre ordre",
    "journal_balance": "des pièces comptables ne sont pas équilibrées ({count})",
    "balances": "des soldes de comptes diffèrent de leurs écritures ({count})",
    "header_totals": "dans des documents de {resource}, le total {field} n’est pas la somme des lignes ({count})",
    "delivered_over_ordered": "des quantités livrées dépassent les quantités commandées ({count} lignes de commande)",
    "orphans": "des enregistrements de {resource} renvoient, par {field}, à un élément qui n’existe pas ({count})",
    "menu_values": "des enregistrements de {resource} ont dans {field} une valeur absente de sa liste ({count})",
    "duplicate_keys": "des enregistrements différents de {resource} partagent une même clé, ou n’en ont pas",
    "stock_signs": "des stocks de {resource} sont impossibles ({field}) : négatifs, ou trop alloués ({count})",
    "set_changes": "des valeurs du champ {field} de {resource} sont apparues ou ont disparu",
    "scale_errors": "des montants du champ {field} de {resource} ont plus de décimales que leur devise ({count})",
    "date_range": "des dates du champ {field} de {resource} sont invraisemblables ({count})",
    "scale_shift": "les valeurs du champ {field} de {resource} ont toutes été multipliées par {factor}",
    "empty_answer": "{resource} ne renvoie plus aucun enregistrement, alors qu’il y en avait {n}",
    "mass_delete": "{count} des {n} enregistrements de {resource} manquent d’un coup ; suppressions retenues",
    "mass_update": "plus de la moitié des enregistrements de {resource} ont changé d’un coup",
    "stopped_changing": "{resource} ne change plus, contrairement à son habitude",
    "check_did_not_run": "les contrôles de {resource} n’ont pas eu lieu à l’heure prévue",
    "secret_expires": "le secret du client OAuth expire bientôt, ou a expiré",
    "refresh_token_expires": "l’appairage se termine bientôt, ou s’est terminé, faute d’usage",
    "token_life": "les jetons d’accès durent moins longtemps qu’auparavant",
    "certificate_expires": "le certificat de {host} expire bientôt, ou a expiré",
    "clock_skew": "l’horloge du client et la nôtre ne concordent pas",
    "log_began_anew": "notre journal des changements a recommencé",
}
_FAMILIES: Final = {
    Family.SHAPE: (
        (
            "La structure de {resource} a changé dans votre Sage X3 (dossier {folder}) : {clause}. Merci de"
            " demander à votre administrateur Sage X3 quelle mise à jour, quel code activité ou quelle"
            " modification de représentation en est la cause, et si ce changement est définitif."
        ),
        (
            "Voir la forme d’avant et celle d’aujourd’hui : `driftd drift show {alert}`.",
            (
                "Adapter ce qui lit ou écrit {field}, puis accepter la nouvelle forme : `driftd drift accept {alert}"
                " --reason …`."
            ),
            (
                "Si ce n’était pas voulu, envoyer le texte ci-dessus au client : l’alerte prend fin quand la forme est"
                " revenue."
            ),
        ),
    ),
    Family.WRITE: (
        (
            "Les règles de saisie de {resource} sont devenues plus strictes dans votre Sage X3 (dossier {folder})"
            " : {clause}. Tant que nous ne nous y sommes pas adaptés, nos saisies peuvent y être refusées. Merci"
            " de demander à votre administrateur Sage X3 quelle mise à jour ou quel paramétrage en est la cause,"
            " et si ce changement est définitif."
        ),
        (
            "Voir la forme d’avant et celle d’aujourd’hui : `driftd drift show {alert}`.",
            "Adapter ce qui écrit {field}, puis l’accepter : `driftd drift accept {alert} --reason …`.",
        ),
    ),
    Family.EMPTY: (
        (
            "Dans votre Sage X3 (dossier {folder}), {clause}. Merci de demander à votre administrateur Sage X3 si"
            " c’est voulu, ou s’il manque un droit ou un import."
        ),
        (
            "Regarder les enregistrements cités : `driftd drift show {alert}`.",
            "Si c’est voulu, l’accepter : `driftd drift accept {alert} --reason …`.",
            "Sinon, envoyer le texte ci-dessus au client.",
        ),
    ),
    Family.VALUE: (
        (
            "Dans votre Sage X3 (dossier {folder}), {clause}. Merci de nous dire si c’est voulu, et ce que"
            " signifient les nouvelles valeurs."
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
            "Dans votre Sage X3 (dossier {folder}), {resource} ne montre plus la date de dernière modification"
            " des enregistrements. Nous devons donc tout relire, ce qui charge davantage votre serveur. Merci de"
            " demander à votre administrateur Sage X3 d’afficher de nouveau {field} dans la représentation."
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
            "Tester la connexion : `driftd connections test {connection}`.",
            "Si la classe a un autre nom, changer la configuration ; sinon, envoyer le texte ci-dessus au client.",
        ),
    ),
    Family.BOOKS: (
        (
            "Dans votre Sage X3 (dossier {folder}), {clause}. Merci de demander à votre administrateur Sage X3 ou"
            " à votre comptable d’examiner : {samples}."
        ),
        (
            "Regarder les enregistrements cités : `driftd drift show {alert}`.",
            "Envoyer le texte ci-dessus au client ; l’alerte prend fin quand ils sont corrigés.",
            "S’ils sont justes ainsi, les accepter : `driftd drift accept {alert} --reason …`.",
        ),
    ),
    Family.RECORDS: (
        (
            "Dans votre Sage X3 (dossier {folder}), {clause}. Merci de demander à votre administrateur Sage X3"
            " d’examiner : {samples}."
        ),
        (
            "Regarder les enregistrements cités : `driftd drift show {alert}`.",
            "Envoyer le texte ci-dessus au client ; l’alerte prend fin quand ils sont corrigés.",
            "S’ils sont justes ainsi, les accepter : `driftd drift accept {alert} --reason …`.",
        ),
    ),
    Family.ORPHANS: (
        (
            "Dans votre Sage X3 (dossier {folder}), des enregistrements de {resource} renvoient, par {field}, à"
            " un élément supprimé ou qui n’a jamais existé. Merci de demander à votre administrateur Sage X3 de le"
            " rétablir, ou de corriger : {samples}."
        ),
        (
            "Regarder les enregistrements cités : `driftd drift show {alert}`.",
            "Suspendre le traitement de ces enregistrements.",
            "Envoyer le texte ci-dessus au client ; l’alerte prend fin quand c’est corrigé.",
        ),
    ),
    Family.SCALE: (
        (
            "Dans votre Sage X3 (dossier {folder}), {clause}. Merci de nous dire si c’est voulu, par exemple un"
            " changement d’unité ou de devise ; d’ici là, nous traitons ces valeurs avec prudence."
        ),
        (
            "Ne pas transmettre les prix et montants de {resource} entre-temps.",
            "Regarder le facteur et les enregistrements : `driftd drift show {alert}`.",
            (
                "Si c’était voulu, l’accepter : `driftd drift accept {alert} --reason …` ; sinon, envoyer le texte"
                " ci-dessus au client."
            ),
        ),
    ),
    Family.FILTER: (
        (
            "De nombreux enregistrements de {resource} ne sont soudain plus visibles pour notre utilisateur dans"
            " votre Sage X3 (dossier {folder}). Nous n’avons rien supprimé pour l’instant. Merci de demander à"
            " votre administrateur Sage X3 s’ils ont été supprimés volontairement, ou si le rôle, les droits ou"
            " les filtres de notre utilisateur de services web ont changé."
        ),
        (
            "Demander au client avant toute chose : les enregistrements sont conservés entre-temps.",
            "Supprimés volontairement : `driftd drift release {alert} --reason …`.",
            (
                "Non supprimés : faire rétablir le droit ; la retenue prend fin d’elle-même, ou `driftd drift keep"
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
            "Le secret d’accès que vous nous avez donné pour votre Sage X3 (dossier {folder}) n’est valable que"
            " jusqu’au {ends}. Merci de demander à votre administrateur Sage X3 d’en créer un nouveau et de nous"
            " le transmettre par la voie sécurisée convenue (pas par e-mail)."
        ),
        (
            "Envoyer le texte ci-dessus au client.",
            "{new_secret}",
            "Changer ensuite secret_expires. {change}",
        ),
    ),
    Family.PAIR: (
        (
            "L’appairage de notre service avec votre Sage X3 (dossier {folder}) n’a pas servi depuis un moment et se"
            " termine le {ends}. Nous reviendrons vers vous s’il doit être approuvé de nouveau. Vous n’avez rien à"
            " faire pour l’instant."
        ),
        (
            "Voir ce qui empêche d’interroger la connexion : `driftd explain {connection}`.",
            "La faire interroger : la lecture suivante renouvelle l’appairage, et l’alerte s’éteint d’elle-même.",
            (
                "S’il s’est terminé, demander au client d’appairer de nouveau, et donner le jeton de rafraîchissement :"
                " `driftd connections rotate {connection}`."
            ),
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
            "Le certificat de votre serveur {host} n’est valable que jusqu’au {ends}. Merci de demander à votre"
            " administrateur Sage X3 de le renouveler à temps : sans certificat valable, nous ne pourrons plus"
            " nous connecter."
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
    Family.LOG: (
        (
            "Notre propre base de données a dû être remplacée. Vos données dans Sage X3 ne sont pas concernées, et il"
            " n’y a rien à faire de votre côté."
        ),
        (
            "Faire relire les enregistrements à tous ceux qui suivent `driftd changes` : `driftd records`.",
            "Chercher pourquoi elle l’a été : `driftd status` donne la raison et l’endroit des anciens fichiers.",
        ),
    ),
}
DRIFTS: Final = assembled(_CLAUSES, _FAMILIES)
