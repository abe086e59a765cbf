"""German."""

from collections.abc import Mapping

MESSAGES: Mapping[str, str | Mapping[str, str]] = {
    "points": {"one": "{n} Punkt", "other": "{n} Punkte"},
    "days": {"one": "{n} Tag", "other": "{n} Tagen"},
    "months": {"one": "{n} Monat", "other": "{n} Monate"},
    "format.instant": "EEEE, d. MMMM y, HH:mm 'Uhr'",
    "weekdays.all": "täglich",
    "weekdays.range": "{first} bis {last}",
    "clause": "{effect}.",
    "clause.with_conditions": "{effect}, {conditions}.",
    "clause.separator": ", ",
    "terms.heading": "Teilnahmebedingungen, Fassung {version}, gültig ab {start}",
    "change.added": "Neu: {after}",
    "change.removed": "Entfällt: {before}",
    "change.changed": "Bisher: {before} Künftig: {after}",
    # Conditions
    "minimum_spend": "wenn der angerechnete Betrag mindestens {amount} erreicht",
    "weekdays_and_hours": "{days} von {start} bis {end} Uhr",
    "weekdays_and_hours.all_day": "{days} ganztägig",
    "weekdays_and_hours.from": "{days} von {start} Uhr bis Mitternacht",
    "weekdays_and_hours.overnight": "{days} von {start} Uhr bis {end} Uhr am Folgetag",
    "dates": "vom {first} bis einschließlich {last}",
    "dates.from": "ab dem {first}",
    "dates.until": "bis einschließlich {last}",
    "products.only": "nur für diese Artikel: {included}",
    "products.except": "aber nicht für diese Artikel: {excluded}",
    "products.both": "nur für diese Artikel: {included}, aber nicht: {excluded}",
    "categories.only": "nur für Waren aus {included}",
    "categories.except": "aber nicht für Waren aus {excluded}",
    "categories.both": "nur für Waren aus {included}, aber nicht aus {excluded}",
    # Effects
    "points_per_amount": "je {per} Einkaufswert gibt es {points}, für Teilbeträge anteilig",
    "points_per_full_amount": "je volle {per} Einkaufswert gibt es {points}",
    "points_per_visit": "für jeden Besuch mit Einkauf gibt es {points}",
    "reward_cost": "„{reward}“ kostet {points}",
    "combination.BEST": "passen mehrere Regeln zu einem Einkauf, zählt die, die am meisten Punkte bringt",
    "combination.STACK": "passen mehrere Regeln zu einem Einkauf, gelten alle und werden zusammengezählt",
    "counted_amounts": "angerechnet werden Beträge {tax} und {discounts}{counted}; nicht angerechnet: {left_out}",
    "counted_amounts.with_tax": "mit Steuer",
    "counted_amounts.without_tax": "ohne Steuer",
    "counted_amounts.before_discounts": "vor Abzug von Rabatten",
    "counted_amounts.after_discounts": "nach Abzug von Rabatten",
    "counted_amounts.also": ", auch {kinds}",
    "counted_amounts.gift_cards": "gekaufte Geschenkkarten",
    "counted_amounts.shipping": "Versandkosten",
    "counted_amounts.tips": "Trinkgeld",
    "counted_amounts.deposits": "Pfand",
    "counted_amounts.always_left_out": "Prämien und was mit Punkten bezahlt wird",
    "rounding": "Bruchteile von Punkten werden {scope} {mode}",
    "rounding.BASKET": "einmal je Einkauf",
    "rounding.LINE": "für jede Zeile des Kassenbons",
    "rounding.HALF_UP": "kaufmännisch gerundet",
    "rounding.FLOOR": "abgerundet",
    "rounding.HALF_EVEN": "gerundet, halbe Punkte zum geraden Punkt hin",
    "points_validity": (
        "Punkte gelten ab dem Tag, an dem sie gesammelt werden, mindestens {months}, bis zum Ende des letzten Tages"
    ),
    "points_validity.for_ever": "Punkte verfallen nicht",
    "refund_policy.CLAMP_TO_ZERO": (
        "bei einer Rückgabe werden die Punkte abgezogen, die es ohne die zurückgegebene Ware nicht gegeben hätte, "
        "aber nie mehr als vorhanden sind"
    ),
    "notice_period": "Änderungen dieser Bedingungen werden angekündigt und gelten frühestens nach {days}",
    # Reasons
    "reason.NOTICE_TOO_SHORT": (
        "Die Änderung würde am {observed} beginnen; jetzt angekündigt, kann sie frühestens am {required} beginnen."
    ),
    "reason.OUTSIDE_DATES": "Der {observed} liegt außerhalb des Zeitraums dieser Regel.",
    "reason.OUTSIDE_TIME_WINDOW": "{observed} liegt außerhalb der Tage und Zeiten dieser Regel.",
    "reason.NO_ELIGIBLE_PRODUCT": "Nichts im Warenkorb zählt für diese Regel.",
    "reason.BELOW_MINIMUM_SPEND": (
        "Der angerechnete Betrag ist {observed}; diese Regel verlangt mindestens {required}."
    ),
    "reason.INSUFFICIENT_POINTS": "Vorhanden: {observed}; nötig: {required}.",
    "reason.NOTHING_TO_COUNT": "Was an diesem Einkauf zählt, reicht nach dieser Regel nicht für einen Punkt.",
    "reason.BETTER_CLAUSE_APPLIED": (
        "Diese Regel brächte {observed}; eine andere bringt {required} und zählt stattdessen."
    ),
    "reason.CLAMPED_TO_BALANCE": "Für die Rückgabe abzuziehen: {required}; vorhanden und abgezogen: {observed}.",
    "reason.NOTICE_GIVEN": "Die Änderung beginnt am {observed} und damit nicht vor {required}.",
    "reason.CONDITION_MET": "Diese Voraussetzung ist erfüllt.",
    "reason.POINTS_EARNED": "Diese Regel bringt {observed}.",
    "reason.COST_PAID": "Das kostet {required}; vorhanden: {observed}.",
    "reason.POINTS_TAKEN_BACK": "Für die Rückgabe abgezogen: {observed}.",
    # Remedies
    "remedy.COME_AT": "Wieder möglich ab {from_}.",
    "remedy.SPEND_MORE": "Es fehlen noch {amount} an angerechnetem Einkaufswert.",
    "remedy.ADD_PRODUCT": "Etwas hiervon dazunehmen: {products}.",
    "remedy.ADD_PRODUCT.other": "Etwas anderes dazunehmen, das nicht ausgenommen ist.",
    "remedy.COLLECT_POINTS": "Es fehlen noch: {points}.",
    "remedy.START_LATER": "Die Änderung am {from_} oder später beginnen lassen.",
    "remedy.NONE": "Das lässt sich nicht mehr erfüllen.",
    # Technical refusals
    "error.INVALID_INPUT": "Ein Wert der Anfrage ist nicht verwendbar.",
    "error.INVALID_IDENTITY": "Das ist keine gültige Kartennummer, Telefonnummer, E-Mail-Adresse oder Kennung.",
    "error.IDEMPOTENCY_KEY_REUSED": "Dieser Idempotenzschlüssel wurde schon für etwas anderes verwendet.",
    "error.CLOCK_SKEW": "Der Zeitpunkt kann nicht stimmen. Bitte die Uhr der Kasse prüfen.",
    "error.RATE_MISSING": "Für diese Währung gibt es keinen Wechselkurs.",
    "error.CUSTOMER_NOT_FOUND": "Darunter ist niemand bekannt.",
    "error.PURCHASE_NOT_FOUND": "Darunter ist kein Einkauf bekannt.",
    "error.REWARD_NOT_FOUND": "Darunter ist keine Prämie bekannt.",
    "error.IDENTITY_TAKEN": "Das gehört bereits zu einem anderen Kundenkonto.",
    "error.REWARD_KEY_TAKEN": "Eine Prämie mit diesem Schlüssel gibt es schon.",
    "error.RECEIPT_DIFFERS": "Dieser Kassenbon ist bereits erfasst, aber mit anderem Inhalt.",
    "error.NO_TERMS_IN_FORCE": "Zu diesem Zeitpunkt galten keine Teilnahmebedingungen.",
    "error.UNKNOWN_REWARD_IN_TERMS": "Eine Regel nennt den Preis einer Prämie, die es nicht gibt.",
    "error.REWARD_NOT_OFFERED": "Die geltenden Bedingungen bieten diese Prämie nicht an.",
    "error.NOTHING_TO_REFUND": "So viel ist nicht mehr übrig, um es zurückzugeben.",
    "error.OUT_OF_STOCK": "Das letzte Stück ist gerade weg.",
    "error.AMOUNT_OUT_OF_RANGE": "Das Guthaben würde größer, als gezählt werden kann.",
}
