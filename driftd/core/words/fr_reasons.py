"""Français : ce qui est dit de chaque motif."""

from typing import Final

from driftd.core.words.model import Words
from driftd.errors import Reason

_OURS: Final = "Vous n’avez rien à faire."
_SEND: Final = "Envoyer le texte ci-dessus au client."

REASONS: Final = {
    Reason.DNS_FAILURE: Words(
        "le nom {host} est introuvable dans le DNS",
        "Le nom {host} de votre serveur est introuvable. Merci de demander à votre administrateur réseau de vérifier"
        " son enregistrement DNS.",
        (
            "Chercher le nom depuis cette machine : `getent hosts {host}`.",
            "Si seul notre résolveur ne le connaît pas, le faire réparer par notre équipe SRE.",
            "Si le serveur a déménagé, corriger base_url et token_url ; sinon envoyer le texte ci-dessus au client.",
        ),
    ),
    Reason.CONNECTION_REFUSED: Words(
        "{host} refuse la connexion : rien n’y écoute, ou un pare-feu la rejette",
        "Votre serveur {host} refuse les connexions. Merci de demander à votre administrateur réseau si le serveur web"
        " de Sage X3 fonctionne et si son port nous est ouvert.",
        ("Comparer l’hôte et le port de base_url avec ce qui a été convenu avec le client.", _SEND),
    ),
    Reason.CONNECT_TIMEOUT: Words(
        "{host} est injoignable : pas de connexion dans le délai imparti",
        "Votre serveur {host} est injoignable. Merci de demander à votre administrateur réseau si une règle de pare-feu"
        " ou un filtrage d’adresses a changé, et si nos adresses sont toujours autorisées.",
        (
            "Vérifier depuis cette machine que d’autres serveurs répondent ; sinon, la cause est dans notre réseau.",
            "Envoyer le texte ci-dessus au client, avec les adresses dont nous venons.",
        ),
    ),
    Reason.CONNECTION_RESET: Words(
        "les connexions à {host} sont coupées avant la fin de la réponse",
        "Les connexions à votre serveur {host} sont coupées avant la fin de la réponse. Merci de demander à votre"
        " administrateur réseau d’examiner le pare-feu, le proxy ou le répartiteur de charge placé devant lui.",
        ("Attendre quelques lectures : un redémarrage du serveur a le même aspect.", _SEND),
    ),
    Reason.TIMEOUT: Words(
        "pas de réponse complète de {host} dans le délai imparti",
        "Votre serveur {host} ne répond pas dans le délai imparti. Merci de demander à votre administrateur réseau et à"
        " votre administrateur Sage X3 si le serveur est surchargé ou si une liaison est lente.",
        (
            "Voir dans les indices si toutes les ressources sont lentes ou seulement {resources}.",
            "Pour un serveur lent, réduire page_size ou augmenter timeout. {change}",
            _SEND,
        ),
    ),
    Reason.PROXY_ERROR: Words(
        "notre propre proxy ne nous laisse pas passer",
        "La cause se trouve dans notre propre accès au réseau, que nous sommes en train de réparer. " + _OURS,
        (
            "Vérifier l’adresse du proxy dans la configuration.",
            "Faire examiner le proxy par notre équipe SRE : driftd ne s’y authentifie pas, son adresse doit suffire.",
        ),
    ),
    Reason.TLS_ERROR: Words(
        "le certificat de {host} n’est pas digne de confiance",
        "Le certificat de votre serveur {host} n’est pas accepté : son nom, sa chaîne ou son émetteur ne convient pas."
        " Merci de demander à votre administrateur Sage X3 d’installer un certificat valable pour {host}, avec sa"
        " chaîne complète.",
        (
            "Examiner le certificat : `openssl s_client -connect {host}:{port} -servername {host}`.",
            "S’il vient de l’autorité interne du client, indiquer celle-ci dans ca_file. {change}",
            "S’il est question d’un certificat client, en faire émettre un par le client, pour client_cert_file.",
            "Sinon, envoyer le texte ci-dessus au client. La vérification des certificats ne se désactive jamais.",
        ),
    ),
    Reason.TLS_EXPIRED: Words(
        "le certificat de {host} a expiré",
        "Le certificat de votre serveur {host} a expiré. Merci de demander à votre administrateur Sage X3 de le"
        " renouveler.",
        ("Voir sa date de fin : `openssl s_client -connect {host}:{port} -servername {host}`.", _SEND),
    ),
    Reason.SERVER_ERROR: Words(
        "le serveur du client répond par une erreur interne",
        "Votre serveur Sage X3 répond à nos requêtes par une erreur. Merci de demander à votre administrateur Sage X3"
        " d’examiner les journaux des services web (Syracuse) à partir de cette heure.",
        (
            "Voir dans les indices si toutes les ressources échouent ou seulement {resources}.",
            "Demander au client ce qui a changé : un correctif, une validation de dossier, une épuration.",
            _SEND,
        ),
    ),
    Reason.GATEWAY_ERROR: Words(
        "la passerelle de {host} répond, mais pas le serveur placé derrière elle",
        "Votre serveur {host} répond, mais pas Sage X3 derrière lui. Merci de demander à votre administrateur Sage X3"
        " si le serveur d’application et ses services web fonctionnent.",
        ("Attendre quelques lectures : un redémarrage du serveur a le même aspect.", _SEND),
    ),
    Reason.MAINTENANCE_PAGE: Words(
        "{host} renvoie une page de connexion ou de maintenance à la place des données",
        "Votre serveur {host} affiche une page de connexion ou de maintenance à la place des données. Si une"
        " maintenance est en cours, il n’y a rien à faire ; sinon, merci de demander à votre administrateur Sage X3 de"
        " vérifier les services web.",
        (
            "Demander au client si une maintenance est en cours.",
            "Sinon, vérifier base_url et le mode d’authentification : une page de connexion signifie aussi un refus.",
            _SEND,
        ),
    ),
    Reason.RATE_LIMITED: Words(
        "le serveur du client demande moins de requêtes",
        "Votre Sage X3 nous demande d’envoyer moins de requêtes, et nous nous y conformons. Vous n’avez rien à faire ;"
        " si cela devait durer, nous conviendrons avec vous d’un autre rythme.",
        (
            "Attendre : la prochaine lecture aura lieu quand le serveur l’autorise.",
            "Si cela revient chaque jour, espacer probe, delta et sweep. {change}",
        ),
    ),
    Reason.BUDGET_EXHAUSTED: Words(
        "les requêtes ou les octets autorisés par jour sont épuisés",
        "Le volume maximal que nous lisons chaque jour dans votre système est atteint. La lecture reprend d’elle-même"
        " le lendemain. " + _OURS,
        (
            "Voir sous « en attendant » ce qui a été consommé et quand la lecture reprend.",
            (
                "Espacer probe, delta et sweep, ou relever requests_per_day ou bytes_per_day en accord avec le client."
                " {change}"
            ),
        ),
    ),
    Reason.OAUTH_INVALID_CLIENT: Words(
        "le serveur du client refuse l’identifiant client et son secret",
        "Votre Sage X3 refuse les identifiants avec lesquels nous nous connectons : ils ont été modifiés, ont expiré ou"
        " ont été désactivés. Merci de demander à votre administrateur Sage X3 de vérifier l’application enregistrée"
        " pour notre service et de nous remettre le nouveau secret par la voie sécurisée convenue (pas par courriel).",
        (
            "Demander si le secret a été renouvelé, et si nous avons déjà reçu le nouveau.",
            "Envoyer le texte ci-dessus au client.",
            "{new_secret}",
        ),
    ),
    Reason.OAUTH_ERROR: Words(
        "le serveur de jetons du client n’accorde pas de jeton",
        "Votre Sage X3 n’accorde plus l’accès à notre service : son autorisation a été retirée ou est devenue caduque."
        " Merci de demander à votre administrateur Sage X3 de l’autoriser à nouveau.",
        ("Comparer token_url et client_id avec ce qui a été convenu avec le client.", _SEND),
    ),
    Reason.TOKEN_EXPIRED: Words(
        "le serveur du client refuse des jetons qu’il vient d’émettre",
        "Votre Sage X3 refuse des jetons d’accès qu’il vient d’émettre. Merci de demander à votre administrateur Sage"
        " X3 de vérifier l’application enregistrée pour notre service, ainsi que l’horloge du serveur.",
        ("Comparer les horloges des deux côtés : `date -u` ici, l’en-tête Date là-bas.", _SEND),
    ),
    Reason.UNAUTHORIZED: Words(
        "le serveur du client refuse notre connexion aux services web",
        "Votre Sage X3 refuse notre connexion à ses services web. Merci de demander à votre administrateur Sage X3 si"
        " l’utilisateur de notre service est actif et autorisé à utiliser les services web.",
        (
            "Comparer l’utilisateur et le mode d’authentification avec ce qui a été convenu avec le client.",
            _SEND,
            "Le secret ou le mot de passe a pu être changé. {new_secret}",
        ),
    ),
    Reason.FORBIDDEN: Words(
        "notre utilisateur n’a pas le droit de lire {resources}",
        "L’utilisateur de notre service n’a plus le droit de lire {resources}. Merci de demander à votre administrateur"
        " Sage X3 d’accorder ce droit à son rôle dans le dossier {folder}.",
        ("Si un module n’a jamais été acquis, retirer ses ressources de la configuration.", _SEND),
    ),
    Reason.FOLDER_NOT_FOUND: Words(
        "le serveur du client ne connaît pas le dossier {folder} à cette adresse",
        "Votre Sage X3 ne connaît pas le dossier {folder} à l’adresse convenue. S’il a été renommé ou déplacé, merci de"
        " nous indiquer son nouveau nom et sa nouvelle adresse.",
        (_SEND, "Reporter dans folder et endpoint ce que le client indique. {change}"),
    ),
    Reason.WRONG_FOLDER: Words(
        "un autre dossier que {folder} répond ; rien n’en a été repris",
        "À l’adresse convenue, un autre dossier que {folder} répond. Nous n’en reprenons rien. Si des dossiers ont été"
        " déplacés ou copiés, merci de nous indiquer où se trouve désormais {folder}.",
        (_SEND, "Reporter dans folder et endpoint ce que le client indique. {change}"),
    ),
    Reason.RESOURCE_NOT_FOUND: Words(
        "le serveur du client ne propose pas {resources}",
        "Votre Sage X3 ne propose pas {resources}. Si des classes ou des représentations ont été renommées, ou ne sont"
        " plus publiées, merci de nous en informer : nous adapterons notre configuration.",
        (
            "Demander au client si la classe ou sa représentation a été renommée.",
            "Corriger le nom, la représentation, la clé ou le watermark de la ressource, ou la retirer. {change}",
        ),
    ),
    Reason.ADDRESS_NOT_ALLOWED: Words(
        "l’adresse de la connexion ne fait pas partie de celles que driftd peut joindre",
        "La cause se trouve dans notre propre configuration, que nous sommes en train de corriger. " + _OURS,
        (
            "Voir si {host} est passé à une adresse privée, et si c’est voulu.",
            (
                "Si oui, autoriser sa plage dans [network] allow_networks, ou dans allow_http si c’est du http simple."
                " {change}"
            ),
        ),
    ),
    Reason.CONFIG_ERROR: Words(
        "la configuration de la connexion est inutilisable",
        "La cause se trouve dans notre propre configuration, que nous sommes en train de corriger. " + _OURS,
        (
            "Les indices disent ce qui ne convient pas : souvent le fichier ou la variable d’un secret manque.",
            "Si c’est l’utilisateur ou l’audience, demander au client ce qui est saisi dans X3.",
            "{change}",
        ),
    ),
    Reason.EMPTY_ANSWER: Words(
        "{resources} : réponse vide alors qu’il y avait des enregistrements ; rien n’a été supprimé",
        "Votre Sage X3 ne renvoie plus aucun enregistrement de {resources}, alors qu’il y en avait. Nous n’avons rien"
        " supprimé. Souvent, un droit a été perdu : merci de demander à votre administrateur Sage X3 si l’utilisateur"
        " de notre service voit encore ces données, ou de nous confirmer qu’elles ont réellement été retirées.",
        ("Demander ce qui a changé : un rôle, un site de l’utilisateur, le dossier.", _SEND),
    ),
    Reason.INVALID_PAYLOAD: Words(
        "le serveur du client envoie {resources} sous une forme illisible",
        "Votre Sage X3 envoie {resources} sous une forme que nous ne pouvons pas lire. Nos développeurs l’examinent ;"
        " merci de nous dire si un correctif ou une mise à jour a été installé récemment.",
        ("Transmettre les indices à nos développeurs.", "Demander au client ce qui a été installé récemment."),
    ),
    Reason.PAYLOAD_TOO_LARGE: Words(
        "les réponses contenant {resources} dépassent la taille acceptée",
        "Les réponses contenant {resources} dépassent la taille que notre service accepte, et nous l’adaptons. "
        + _OURS,
        (
            "Réduire page_size pour cette ressource. {change}",
            "Si cela ne suffit pas, transmettre les indices à nos développeurs.",
        ),
    ),
    Reason.PAGING_INCOMPLETE: Words(
        "le serveur du client n’énumère pas {resources} en entier : ses pages s’interrompent ou se répètent",
        "Votre Sage X3 n’énumère pas {resources} en entier. Nos développeurs l’examinent ; merci de nous dire si un"
        " correctif, une mise à jour ou un proxy a été installé récemment.",
        (
            "Transmettre les indices à nos développeurs.",
            "Demander au client si un proxy modifie les liens ou conserve les réponses.",
        ),
    ),
    Reason.SUSPECT_MASS_DELETE: Words(
        "un nombre inhabituel d’enregistrements de {resources} manque d’un coup ; leurs suppressions sont retenues",
        "Dans {resources}, un nombre inhabituel d’enregistrements manque d’un coup. Nous n’avons rien supprimé. Merci"
        " de nous dire s’ils ont réellement été supprimés, par exemple par une épuration ou un archivage.",
        (
            "Demander au client si les enregistrements ont réellement été supprimés (texte ci-dessus).",
            "Si oui, libérer les suppressions retenues ; sinon, elles tombent quand les enregistrements reviennent.",
        ),
    ),
    Reason.KEY_NOT_UNIQUE: Words(
        "des enregistrements de {resources} sont sans clé, ou plusieurs partagent la même ; aucune suppression",
        "Dans {resources}, des enregistrements sont sans clé, ou plusieurs enregistrements différents partagent la"
        " même. Nous n’y effectuons donc aucune suppression. Merci de demander à votre administrateur Sage X3 de"
        " vérifier ces données, ou de nous signaler que la clé a changé.",
        ("Comparer la clé de la configuration avec celle de la classe. {change}", _SEND),
    ),
    Reason.FROZEN: Words(
        "la structure de {resources} a changé, et la règle est d’arrêter jusqu’à l’acceptation de ce changement",
        "La structure de {resources} a changé dans votre Sage X3, et nous en avons arrêté la lecture le temps de nous y"
        " adapter. Merci de demander à votre administrateur Sage X3 quelle mise à jour ou quel changement de"
        " représentation a été fait.",
        (
            "Voir ce qui a changé : `driftd drift list --connection {connection}`.",
            "Adapter ce qui lit ces enregistrements, puis l’accepter : `driftd drift accept ID --reason …`.",
        ),
    ),
    Reason.CLOCK_SKEW: Words(
        "notre horloge et celle du client ne concordent pas",
        "L’horloge de votre serveur {host} et la nôtre ne concordent pas, si bien que notre connexion est refusée. Nous"
        " vérifions la nôtre ; merci de demander à votre administrateur Sage X3 de vérifier l’heure du serveur.",
        (
            "Vérifier l’horloge de cette machine : `timedatectl`.",
            "Si elle est juste, envoyer le texte ci-dessus au client.",
        ),
    ),
    Reason.STORE_ERROR: Words(
        "notre propre base de données est inutilisable",
        "La cause se trouve dans nos propres systèmes, que nous sommes en train de réparer. " + _OURS,
        (
            "Vérifier l’espace libre et les droits de data_dir : `df -h`.",
            "Faire examiner le journal de driftd par notre équipe SRE.",
        ),
    ),
    Reason.INTERNAL_ERROR: Words(
        "driftd lui-même a échoué : une anomalie du logiciel",
        "La cause se trouve dans notre propre logiciel, que nous sommes en train de réparer. " + _OURS,
        ("Transmettre à nos développeurs le journal de driftd, avec sa version : `driftd version`.",),
    ),
}
