# Dates et montants.

date = { $day } { $month } { $year }
money = { $number } { $currency }
number = Nombres
    .group = {"\u202F"}
    .point = ,
month-1 = janvier
month-2 = février
month-3 = mars
month-4 = avril
month-5 = mai
month-6 = juin
month-7 = juillet
month-8 = août
month-9 = septembre
month-10 = octobre
month-11 = novembre
month-12 = décembre

# Le programme.

problem-already-enrolled = Déjà inscrit
    .detail = Une inscription est déjà en vigueur.
    .prg-4 = Une organisation est partenaire ou affiliée, jamais les deux à la fois : mettez d'abord fin à l'autre inscription.
problem-backup-not-movable = Les sauvegardes restent où elles sont
    .detail = Une unité de sauvegarde, ou ses sauvegardes, ne peut pas passer dans un autre compte de sauvegarde. Créez-y une nouvelle unité et laissez-la se remplir.
problem-not-in-this-state = Impossible dans cet état
    .detail = L'état est « { $state } » : ce que vous voulez n'y est pas possible maintenant.
problem-quota-exceeded = Quota dépassé
    .detail = Les quotas des unités ne dépassent pas ensemble celui du produit : il en reste { $left }.
fault-at-least-one = Donnez au moins l'un de { $names }.
fault-commitment-required = Cet engagement est requis.
fault-company-required = Seule une entreprise inscrite à un registre peut adhérer.
fault-language = Ce n'est pas un code de langue ISO 639-1.
fault-malformed-number = Un numéro de ce registre ne s'écrit pas ainsi.
fault-not-managed = Cette organisation n'est pas un client géré.
fault-other-register = Ce registre est celui de { $country }.
fault-terms-outdated = Les conditions en vigueur sont la version { $version } : acceptez celles-ci.
fault-website-not-confirmed = N'approuvez que ce que vous avez vu : confirmez que le site est en ligne.
fault-wrong-check-digit = Le chiffre de contrôle est faux : ce numéro n'existe pas.
commitment-customer-support = Le partenaire assiste ses clients, ou les produits qu'il gère.
commitment-invoice-liability = Le partenaire répond des factures de ses clients, ou de ce qu'il gère.
commitment-tender-exclusivity = Le partenaire n'emploie que les produits de l'opérateur pour les contrats gagnés par appel d'offres.
benefit-domain-tariffs = Tarifs de revendeur sur les extensions de domaine
benefit-theme-and-plugin-packs = Lots de thèmes et d'extensions
benefit-technical-teams = Accès privilégié aux équipes techniques
benefit-cashback-and-discounts = Remise en argent sur ce que commandent les clients, rabais sur ce que paie le partenaire
benefit-directory = Une page dans l'annuaire public
benefit-tenders = Demandes d'aide de clients et de visiteurs
benefit-rebilling = Refacturation de ce que le partenaire paie pour ses clients
benefit-lack-not-enrolled = Vous n'êtes pas inscrit.
benefit-lack-not-decided = Votre inscription n'est pas encore décidée.
benefit-lack-rejected = Votre inscription a été refusée.
benefit-lack-suspended = Votre statut de partenaire est suspendu.
benefit-lack-ended = Votre statut de partenaire a pris fin.
benefit-lack-not-listed = Vous n'avez pas choisi de figurer dans l'annuaire.
benefit-lack-nothing-to-rebill = Vous n'avez aucun client en accès complet pour lequel vous payez.
mail-enrolment-inquiring = Une question sur votre inscription
    .text = L'inscription de { $recipient } au programme de partenaires vous est renvoyée avec une question : { $reason }
mail-enrolment-approved = Bienvenue dans le programme de partenaires
    .text = { $recipient } est désormais partenaire. { $reason }
mail-enrolment-rejected = Votre inscription a été refusée
    .text = L'inscription de { $recipient } au programme de partenaires a été refusée : { $reason }
mail-partner-suspended = Votre statut de partenaire est suspendu
    .text = Le statut de partenaire de { $recipient } est suspendu : { $reason } Jusqu'à son rétablissement, vous n'accédez à aucun client et ne gagnez rien.
mail-partner-reinstated = Votre statut de partenaire est rétabli
    .text = { $recipient } est à nouveau partenaire, avec tous ses partenariats. { $reason }
mail-partner-ended = Votre statut de partenaire a pris fin
    .text = { $recipient } n'est plus partenaire, et ses partenariats ont pris fin. { $reason }
# Réservations: refus et fautes.

problem-already-booked = Déjà enregistré
    .detail = Cette commande a été passée ici et est donc déjà enregistrée.
problem-already-renewed = Déjà renouvelé
    .detail = Ce produit est déjà payé pour cette période.
problem-external-id-reused = Identifiant externe réutilisé
    .detail = Un autre contenu a été annoncé sous cet identifiant externe.
fault-above-ceiling = C'est plus que la remise partenaire la plus élevée, { $max }.
fault-above-list-price = Le prix partenaire ne dépasse pas le prix catalogue.
fault-in-the-future = Cette date est dans l'avenir.
fault-more-than-charged = C'est plus que ce qui reste du montant facturé.
fault-not-active = Ce produit n'est plus actif.
fault-not-ascending = Les quantités minimales commencent à 1 et augmentent, et les taux ne baissent jamais.
fault-not-automatic = Seul un renouvellement est automatique.
fault-not-entitled = Rien n'autorisait alors le partenaire à commander ou à renouveler.
fault-not-next = Ce n'est pas la prochaine période du produit, qui commence le { $next }.
fault-not-positive = Ce montant doit être supérieur à zéro.
fault-not-refundable = Seuls les commandes et les renouvellements se remboursent.
fault-not-the-products = Le produit en a un autre.
fault-taken = Un autre l'a déjà.

# Comment un événement de facturation s'explique.

step-list-price = { $quantity } unités au prix catalogue font { $amount }.
step-public-price = Le payeur a { $units } unités de cette famille en tout, ce qui déduit { $rate }: le prix public est de { $amount }.
step-partner-discount = La remise partenaire de { $rate } vient d'abord: { $amount }.
step-partner-price = Avec la remise de volume de { $rate } sur le reste, le prix partenaire est de { $amount }.
step-cashback = Le partenaire gagne la différence avec le prix public en cashback: { $amount }.
step-discount = La différence avec le prix public est épargnée au partenaire: { $amount }.
step-charged = { $amount } sont facturés au payeur.
step-refunded = { $amount } du montant facturé ont été remboursés.
settlement-none-customer = Sans partenariat en vigueur, le client paie le prix public et personne ne gagne rien.
settlement-limited-customer-managed = Le client a commandé un produit géré par un partenaire à accès limité: il paie le prix public et ce partenaire gagne du cashback.
settlement-limited-customer-unmanaged = Le client a commandé un produit qu'aucun partenaire ne gère: il paie le prix public et personne ne gagne rien.
settlement-full-customer-customer = Le client a commandé sous accès complet: il paie le prix public et le partenaire gagne du cashback.
settlement-full-customer-partner = Le partenaire a commandé en mode de paiement « client »: le client paie le prix public et le partenaire gagne du cashback.
settlement-full-partner-customer = Le client a commandé lui-même en mode de paiement « partenaire »: il paie le prix public et le partenaire gagne du cashback.
settlement-full-partner-partner = Le partenaire a commandé en mode de paiement « partenaire »: il paie au prix partenaire et ne gagne pas de cashback.
no-earning-not-managed = Ce partenaire ne gère pas ce produit.
no-earning-paid-itself = Ce partenaire a payé lui-même et a la remise au lieu du cashback.
no-earning-suspended = Ce partenaire était suspendu.

# Renouvellements.

mail-renewals-fell-back = Des renouvellements reviennent au client
    .text = Ces renouvellements de { $customer } ne sont plus ceux de { $partner } et n'ont plus lieu d'eux-mêmes tant que { $customer } ne les confirme pas avec un moyen de paiement: { $products }.
mail-renewal-failed = Un renouvellement a échoué
    .text = Le renouvellement automatique de { $product } pour { $customer } a échoué. Il sera tenté à nouveau; sans paiement, le produit prend fin le { $until }.

# Libellés des mots.

label-currency = Monnaies
    .chf = Franc suisse
    .eur = Euro
label-language = Langues
    .en = Anglais
    .fr = Français
    .de = Allemand
    .it = Italien
    .es = Espagnol
label-organization-kind = Genres d'organisations
    .company = Entreprise
    .person = Particulier
label-role = Rôles
    .legal-representative = Représentant légal
    .administrator = Administrateur
    .collaborator = Collaborateur
    .external = Utilisateur externe
label-access-level = Niveaux d'accès
    .limited = Accès limité
    .full = Accès complet
label-payment-mode = Modes de paiement
    .customer = Le client paie
    .partner = Le partenaire paie
label-invitation-status = États d'une invitation
    .pending = En attente
    .accepted = Acceptée
    .declined = Déclinée
    .cancelled = Annulée
    .expired = Expirée
    .superseded = Remplacée
label-enrolment-state = États d'une inscription
    .submitted = Soumise
    .inquiring = Renvoyée avec des questions
    .approved = Approuvée
    .rejected = Refusée
    .suspended = Suspendue
    .ended = Terminée
label-product-state = États d'un produit
    .active = Actif
    .expired = Expiré
    .cancelled = Annulé
label-period = Périodes de facturation
    .monthly = Mensuelle
    .yearly = Annuelle
label-billing-event-kind = Genres d'événements de facturation
    .order = Commande
    .renewal = Renouvellement
    .refund = Remboursement
label-invoice-status = États d'une facture
    .open = Ouverte
    .paid = Payée
    .failed = Échouée

warning-second-backup = Cette organisation a déjà un produit de sauvegarde: un seul suffit pour tous les clients, chacun en étant une unité.
