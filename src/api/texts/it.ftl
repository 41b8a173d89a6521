# Date e importi.

date = { $day } { $month } { $year }
money = { $number } { $currency }
number = Numeri
    .group = .
    .point = ,
month-1 = gennaio
month-2 = febbraio
month-3 = marzo
month-4 = aprile
month-5 = maggio
month-6 = giugno
month-7 = luglio
month-8 = agosto
month-9 = settembre
month-10 = ottobre
month-11 = novembre
month-12 = dicembre

# Il programma.

problem-already-enrolled = Già iscritto
    .detail = Un'iscrizione è già in vigore.
    .prg-4 = Un'organizzazione è partner o affiliata, mai entrambe insieme: termini prima l'altra iscrizione.
problem-backup-not-movable = I backup restano dove sono
    .detail = Un'unità di backup, o i suoi backup, non può essere spostata in un altro account di backup. Ne crei lì una nuova e lasci che si riempia.
problem-not-in-this-state = Non possibile in questo stato
    .detail = Lo stato è «{ $state }»: ciò che desidera ora non è possibile.
problem-quota-exceeded = Quota superata
    .detail = Le quote delle unità non superano insieme quella del prodotto: ne restano { $left }.
fault-at-least-one = Indichi almeno uno di { $names }.
fault-commitment-required = Questo impegno è richiesto.
fault-company-required = Può iscriversi solo un'impresa registrata.
fault-language = Non è un codice di lingua ISO 639-1.
fault-malformed-number = Un numero di questo registro non si scrive così.
fault-not-managed = Questa organizzazione non è un cliente gestito.
fault-other-register = Questo registro è quello di { $country }.
fault-terms-outdated = Le condizioni in vigore sono la versione { $version }: accetti queste.
fault-website-not-confirmed = Approvi solo ciò che ha visto: confermi che il sito è raggiungibile.
fault-wrong-check-digit = La cifra di controllo è sbagliata: questo numero non esiste.
commitment-customer-support = Il partner assiste i suoi clienti, o i prodotti che gestisce.
commitment-invoice-liability = Il partner risponde delle fatture dei suoi clienti, o di ciò che gestisce.
commitment-tender-exclusivity = Il partner usa solo prodotti dell'operatore per i contratti vinti con le gare.
benefit-domain-tariffs = Tariffe da rivenditore sulle estensioni di dominio
benefit-theme-and-plugin-packs = Pacchetti di temi e plugin
benefit-technical-teams = Accesso privilegiato ai team tecnici
benefit-cashback-and-discounts = Cashback sugli ordini dei clienti, sconti su ciò che il partner paga
benefit-directory = Una pagina nell'elenco pubblico
benefit-tenders = Richieste di aiuto di clienti e visitatori
benefit-rebilling = Rifatturazione di ciò che il partner paga per i suoi clienti
benefit-lack-not-enrolled = Non è iscritto.
benefit-lack-not-decided = Sulla sua iscrizione non è ancora stato deciso.
benefit-lack-rejected = La sua iscrizione è stata rifiutata.
benefit-lack-suspended = Il suo stato di partner è sospeso.
benefit-lack-ended = Il suo stato di partner è terminato.
benefit-lack-not-listed = Non ha scelto di figurare nell'elenco.
benefit-lack-nothing-to-rebill = Non ha clienti con accesso completo per i quali paga.
mail-enrolment-inquiring = Una domanda sulla sua iscrizione
    .text = L'iscrizione di { $recipient } al programma per partner le è rinviata con una domanda: { $reason }
mail-enrolment-approved = Benvenuti nel programma per partner
    .text = { $recipient } è ora partner. { $reason }
mail-enrolment-rejected = La sua iscrizione è stata rifiutata
    .text = L'iscrizione di { $recipient } al programma per partner è stata rifiutata: { $reason }
mail-partner-suspended = Il suo stato di partner è sospeso
    .text = Lo stato di partner di { $recipient } è sospeso: { $reason } Finché non è ripristinato, non raggiunge alcun cliente e non guadagna nulla.
mail-partner-reinstated = Il suo stato di partner è ripristinato
    .text = { $recipient } è di nuovo partner, con tutte le sue partnership. { $reason }
mail-partner-ended = Il suo stato di partner è terminato
    .text = { $recipient } non è più partner, e le sue partnership sono terminate. { $reason }
# Registrazioni: rifiuti ed errori.

problem-already-booked = Già registrato
    .detail = Questo ordine è stato fatto qui ed è quindi già registrato.
problem-already-renewed = Già rinnovato
    .detail = Questo prodotto è già pagato per quel periodo.
problem-external-id-reused = Identificativo esterno riutilizzato
    .detail = Sotto questo identificativo esterno è stato segnalato un altro contenuto.
fault-above-ceiling = È più dello sconto partner massimo, { $max }.
fault-above-list-price = Il prezzo partner non supera il prezzo di listino.
fault-in-the-future = Questa data è nel futuro.
fault-more-than-charged = È più di quanto resta dell'importo addebitato.
fault-not-active = Questo prodotto non è più attivo.
fault-not-ascending = Le quantità minime partono da 1 e crescono, e i tassi non calano mai.
fault-not-automatic = Solo un rinnovo è automatico.
fault-not-entitled = Nulla autorizzava allora il partner a ordinare o a rinnovare.
fault-not-next = Non è il prossimo periodo del prodotto, che inizia il { $next }.
fault-not-positive = Deve essere più di zero.
fault-not-refundable = Si rimborsano solo ordini e rinnovi.
fault-not-the-products = Il prodotto ne ha un altro.
fault-taken = Un altro lo ha già.

# Come si spiega un evento di fatturazione.

step-list-price = { $quantity } unità al prezzo di listino fanno { $amount }.
step-public-price = Il pagante ha in tutto { $units } unità di questa famiglia, il che toglie { $rate }: il prezzo pubblico è { $amount }.
step-partner-discount = Prima viene lo sconto partner di { $rate }: { $amount }.
step-partner-price = Con lo sconto quantità di { $rate } su ciò che resta, il prezzo partner è { $amount }.
step-cashback = Il partner guadagna come cashback la differenza con il prezzo pubblico: { $amount }.
step-discount = Al partner è risparmiata la differenza con il prezzo pubblico: { $amount }.
step-charged = Al pagante sono addebitati { $amount }.
step-refunded = { $amount } dell'importo addebitato sono stati rimborsati.
settlement-none-customer = Senza una partnership in vigore il cliente paga il prezzo pubblico e nessuno guadagna.
settlement-limited-customer-managed = Il cliente ha ordinato un prodotto gestito da un partner con accesso limitato: paga il prezzo pubblico e quel partner guadagna cashback.
settlement-limited-customer-unmanaged = Il cliente ha ordinato un prodotto che nessun partner gestisce: paga il prezzo pubblico e nessuno guadagna.
settlement-full-customer-customer = Il cliente ha ordinato con accesso completo: paga il prezzo pubblico e il partner guadagna cashback.
settlement-full-customer-partner = Il partner ha ordinato in modalità di pagamento «cliente»: il cliente paga il prezzo pubblico e il partner guadagna cashback.
settlement-full-partner-customer = Il cliente ha ordinato da sé in modalità di pagamento «partner»: paga il prezzo pubblico e il partner guadagna cashback.
settlement-full-partner-partner = Il partner ha ordinato in modalità di pagamento «partner»: paga il prezzo partner e non guadagna cashback.
no-earning-not-managed = Questo partner non gestisce il prodotto.
no-earning-paid-itself = Questo partner ha pagato da sé e ha lo sconto invece del cashback.
no-earning-suspended = Questo partner era sospeso.

# Rinnovi.

mail-renewals-fell-back = Dei rinnovi tornano al cliente
    .text = Questi rinnovi di { $customer } non sono più di { $partner } e non avvengono da sé finché { $customer } non li conferma con un metodo di pagamento: { $products }.
mail-renewal-failed = Un rinnovo non è riuscito
    .text = Il rinnovo automatico di { $product } per { $customer } non è riuscito. Sarà tentato di nuovo; senza pagamento il prodotto termina il { $until }.

# Etichette delle parole.

label-currency = Valute
    .chf = Franco svizzero
    .eur = Euro
label-language = Lingue
    .en = Inglese
    .fr = Francese
    .de = Tedesco
    .it = Italiano
    .es = Spagnolo
label-organization-kind = Tipi di organizzazioni
    .company = Impresa
    .person = Privato
label-role = Ruoli
    .legal-representative = Rappresentante legale
    .administrator = Amministratore
    .collaborator = Collaboratore
    .external = Utente esterno
label-access-level = Livelli di accesso
    .limited = Accesso limitato
    .full = Accesso completo
label-payment-mode = Modalità di pagamento
    .customer = Paga il cliente
    .partner = Paga il partner
label-invitation-status = Stati di un invito
    .pending = In attesa
    .accepted = Accettato
    .declined = Rifiutato
    .cancelled = Annullato
    .expired = Scaduto
    .superseded = Superato
label-enrolment-state = Stati di un'iscrizione
    .submitted = Inviata
    .inquiring = Rinviata con domande
    .approved = Approvata
    .rejected = Respinta
    .suspended = Sospesa
    .ended = Terminata
label-product-state = Stati di un prodotto
    .active = Attivo
    .expired = Scaduto
    .cancelled = Disdetto
label-period = Periodi di fatturazione
    .monthly = Mensile
    .yearly = Annuale
label-billing-event-kind = Tipi di eventi di fatturazione
    .order = Ordine
    .renewal = Rinnovo
    .refund = Rimborso
label-invoice-status = Stati di una fattura
    .open = Aperta
    .paid = Pagata
    .failed = Non riuscita

warning-second-backup = Questa organizzazione ha già un prodotto di backup: uno basta per tutti i clienti, ciascuno come una sua unità.
