# Daten und Beträge.

date = { $day }. { $month } { $year }
money = { $number } { $currency }
number = Zahlen
    .group = .
    .point = ,
month-1 = Januar
month-2 = Februar
month-3 = März
month-4 = April
month-5 = Mai
month-6 = Juni
month-7 = Juli
month-8 = August
month-9 = September
month-10 = Oktober
month-11 = November
month-12 = Dezember

# Das Programm.

problem-already-enrolled = Schon angemeldet
    .detail = Eine Anmeldung ist schon in Kraft.
    .prg-4 = Eine Organisation ist Partner oder Affiliate, nie beides zugleich: Beenden Sie zuerst die andere Anmeldung.
problem-backup-not-movable = Sicherungen bleiben, wo sie sind
    .detail = Eine Sicherungseinheit oder ihre Sicherungen lassen sich nicht in ein anderes Sicherungskonto verschieben. Legen Sie dort eine neue Einheit an und lassen Sie sie sich füllen.
problem-not-in-this-state = In diesem Zustand nicht möglich
    .detail = Der Zustand ist „{ $state }“: Was Sie wollen, ist darin jetzt nicht möglich.
problem-quota-exceeded = Kontingent überschritten
    .detail = Die Kontingente der Einheiten sind zusammen höchstens das des Produkts: { $left } sind noch frei.
fault-at-least-one = Geben Sie mindestens eines von { $names } an.
fault-commitment-required = Diese Verpflichtung ist nötig.
fault-company-required = Nur ein eingetragenes Unternehmen kann sich anmelden.
fault-language = Das ist kein Sprachcode nach ISO 639-1.
fault-malformed-number = So wird eine Nummer dieses Registers nicht geschrieben.
fault-not-managed = Diese Organisation ist kein betreuter Kunde.
fault-other-register = Dieses Register ist das von { $country }.
fault-terms-outdated = In Kraft ist Fassung { $version } der Bedingungen: Nehmen Sie diese an.
fault-website-not-confirmed = Genehmigen Sie nur, was Sie gesehen haben: Bestätigen Sie, dass die Website erreichbar ist.
fault-wrong-check-digit = Die Prüfziffer ist falsch: Diese Nummer gibt es nicht.
commitment-customer-support = Der Partner betreut seine Kunden oder die Produkte, die er verwaltet.
commitment-invoice-liability = Der Partner steht für die Rechnungen seiner Kunden ein, oder für die dessen, was er verwaltet.
commitment-tender-exclusivity = Der Partner verwendet für Aufträge aus Ausschreibungen nur Produkte des Betreibers.
benefit-domain-tariffs = Wiederverkäufertarife für Domain-Endungen
benefit-theme-and-plugin-packs = Pakete mit Themes und Plugins
benefit-technical-teams = Bevorzugter Zugang zu den technischen Teams
benefit-cashback-and-discounts = Cashback auf Bestellungen der Kunden, Rabatte auf das, was der Partner bezahlt
benefit-directory = Eine Seite im öffentlichen Verzeichnis
benefit-tenders = Anfragen von Kunden und Besuchern
benefit-rebilling = Weiterverrechnung dessen, was der Partner für seine Kunden bezahlt
benefit-lack-not-enrolled = Sie sind nicht angemeldet.
benefit-lack-not-decided = Über Ihre Anmeldung ist noch nicht entschieden.
benefit-lack-rejected = Ihre Anmeldung wurde abgelehnt.
benefit-lack-suspended = Ihr Partnerstatus ist ausgesetzt.
benefit-lack-ended = Ihr Partnerstatus ist beendet.
benefit-lack-not-listed = Sie haben nicht gewählt, im Verzeichnis zu stehen.
benefit-lack-nothing-to-rebill = Sie haben keinen Kunden mit vollem Zugriff, für den Sie bezahlen.
mail-enrolment-inquiring = Eine Frage zu Ihrer Anmeldung
    .text = Die Anmeldung von { $recipient } zum Partnerprogramm kommt mit einer Frage zurück: { $reason }
mail-enrolment-approved = Willkommen im Partnerprogramm
    .text = { $recipient } ist jetzt Partner. { $reason }
mail-enrolment-rejected = Ihre Anmeldung wurde abgelehnt
    .text = Die Anmeldung von { $recipient } zum Partnerprogramm wurde abgelehnt: { $reason }
mail-partner-suspended = Ihr Partnerstatus ist ausgesetzt
    .text = Der Partnerstatus von { $recipient } ist ausgesetzt: { $reason } Bis er wiederhergestellt ist, erreichen Sie keine Kunden und verdienen nichts.
mail-partner-reinstated = Ihr Partnerstatus ist wiederhergestellt
    .text = { $recipient } ist wieder Partner, mit allen Partnerschaften. { $reason }
mail-partner-ended = Ihr Partnerstatus ist beendet
    .text = { $recipient } ist nicht mehr Partner, und die Partnerschaften sind beendet. { $reason }
# Buchungen: Ablehnungen und Fehler.

problem-already-booked = Bereits gebucht
    .detail = Diese Bestellung wurde hier aufgegeben und ist daher bereits gebucht.
problem-already-renewed = Bereits verlängert
    .detail = Dieses Produkt ist für diesen Zeitraum bereits bezahlt.
problem-external-id-reused = Externe Kennung wiederverwendet
    .detail = Unter dieser externen Kennung wurde ein anderer Inhalt gemeldet.
fault-above-ceiling = Das ist mehr als der höchste Partnerrabatt, { $max }.
fault-above-list-price = Der Partnerpreis ist höchstens der Listenpreis.
fault-in-the-future = Das liegt in der Zukunft.
fault-more-than-charged = Das ist mehr, als vom belasteten Betrag übrig ist.
fault-not-active = Dieses Produkt ist nicht mehr aktiv.
fault-not-ascending = Die Mindestmengen beginnen bei 1 und steigen, und die Sätze sinken nie.
fault-not-automatic = Nur eine Verlängerung ist automatisch.
fault-not-entitled = Nichts berechtigte den Partner damals, zu bestellen oder zu verlängern.
fault-not-next = Das ist nicht der nächste Zeitraum des Produkts; er beginnt am { $next }.
fault-not-positive = Das muss mehr als nichts sein.
fault-not-refundable = Nur Bestellungen und Verlängerungen werden erstattet.
fault-not-the-products = Das Produkt hat anderes.
fault-taken = Das hat bereits ein anderes.

# Wie ein Abrechnungsereignis sich erklärt.

step-list-price = { $quantity } Einheiten zum Listenpreis ergeben { $amount }.
step-public-price = Der Zahler hat insgesamt { $units } Einheiten dieser Familie; das nimmt { $rate } weg: Der öffentliche Preis ist { $amount }.
step-partner-discount = Zuerst kommt der Partnerrabatt von { $rate }: { $amount }.
step-partner-price = Mit dem Mengenrabatt von { $rate } auf den Rest ist der Partnerpreis { $amount }.
step-cashback = Der Partner verdient den Unterschied zum öffentlichen Preis als Cashback: { $amount }.
step-discount = Der Unterschied zum öffentlichen Preis bleibt dem Partner erspart: { $amount }.
step-charged = Dem Zahler werden { $amount } belastet.
step-refunded = { $amount } des belasteten Betrags wurden erstattet.
settlement-none-customer = Ohne geltende Partnerschaft zahlt der Kunde den öffentlichen Preis, und niemand verdient.
settlement-limited-customer-managed = Der Kunde bestellte ein Produkt, das ein Partner mit beschränktem Zugriff betreut: Er zahlt den öffentlichen Preis, und dieser Partner verdient Cashback.
settlement-limited-customer-unmanaged = Der Kunde bestellte ein Produkt, das kein Partner betreut: Er zahlt den öffentlichen Preis, und niemand verdient.
settlement-full-customer-customer = Der Kunde bestellte unter vollem Zugriff: Er zahlt den öffentlichen Preis, und der Partner verdient Cashback.
settlement-full-customer-partner = Der Partner bestellte im Zahlungsmodus «Kunde»: Der Kunde zahlt den öffentlichen Preis, und der Partner verdient Cashback.
settlement-full-partner-customer = Der Kunde bestellte selbst im Zahlungsmodus «Partner»: Er zahlt den öffentlichen Preis, und der Partner verdient Cashback.
settlement-full-partner-partner = Der Partner bestellte im Zahlungsmodus «Partner»: Er zahlt den Partnerpreis und verdient kein Cashback.
no-earning-not-managed = Dieser Partner betreut das Produkt nicht.
no-earning-paid-itself = Dieser Partner zahlte selbst und hat den Rabatt statt Cashback.
no-earning-suspended = Dieser Partner war gesperrt.

# Verlängerungen.

mail-renewals-fell-back = Verlängerungen fallen an den Kunden zurück
    .text = Diese Verlängerungen von { $customer } sind nicht mehr die von { $partner } und geschehen nicht mehr von selbst, bis { $customer } sie mit einem Zahlungsmittel bestätigt: { $products }.
mail-renewal-failed = Eine Verlängerung ist gescheitert
    .text = Die automatische Verlängerung von { $product } für { $customer } ist gescheitert. Sie wird erneut versucht; ohne Zahlung endet das Produkt am { $until }.

# Bezeichnungen der Wörter.

label-currency = Währungen
    .chf = Schweizer Franken
    .eur = Euro
label-language = Sprachen
    .en = Englisch
    .fr = Französisch
    .de = Deutsch
    .it = Italienisch
    .es = Spanisch
label-organization-kind = Arten von Organisationen
    .company = Unternehmen
    .person = Privatperson
label-role = Rollen
    .legal-representative = Gesetzliche Vertretung
    .administrator = Administration
    .collaborator = Mitarbeit
    .external = Externe Person
label-access-level = Zugriffsstufen
    .limited = Beschränkter Zugriff
    .full = Voller Zugriff
label-payment-mode = Zahlungsmodi
    .customer = Der Kunde zahlt
    .partner = Der Partner zahlt
label-invitation-status = Zustände einer Einladung
    .pending = Offen
    .accepted = Angenommen
    .declined = Abgelehnt
    .cancelled = Zurückgezogen
    .expired = Abgelaufen
    .superseded = Überholt
label-enrolment-state = Zustände einer Anmeldung
    .submitted = Eingereicht
    .inquiring = Mit Fragen zurückgesandt
    .approved = Angenommen
    .rejected = Abgelehnt
    .suspended = Gesperrt
    .ended = Beendet
label-product-state = Zustände eines Produkts
    .active = Aktiv
    .expired = Abgelaufen
    .cancelled = Gekündigt
label-period = Abrechnungszeiträume
    .monthly = Monatlich
    .yearly = Jährlich
label-billing-event-kind = Arten von Abrechnungsereignissen
    .order = Bestellung
    .renewal = Verlängerung
    .refund = Erstattung
label-invoice-status = Zustände einer Rechnung
    .open = Offen
    .paid = Bezahlt
    .failed = Gescheitert

warning-second-backup = Diese Organisation hat bereits ein Backup-Produkt: Eines genügt für alle Kunden, jeder als eine Einheit davon.
