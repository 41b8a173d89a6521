//! Card and account numbers are told from tokens and labels (PAY-7).
use mandat::domain::account_number::is_in;

#[test]
fn pay_7_card_and_account_numbers_are_recognized() {
    for text in [
        "4242424242424242",
        "4242 4242 4242 4242",
        "Visa 4012-8888-8888-1881 of Sofia",
        "3782.822463.10005",
        "tok_4242424242424242",
        "CH9300762011623852957",
        "ch93 0076 2011 6238 5295 7",
        "Konto DE89 3704 0044 0532 0130 00, Bank",
        "IBAN:FR1420041010050500013M02606",
    ] {
        assert!(is_in(text), "{text}");
    }
}

#[test]
fn pay_7_tokens_and_masked_labels_pass() {
    for text in [
        "tok_1PXa7tKxRmJ2",
        "pm_1NXyzCH2eZvKYlo2C1",
        "Visa •••• 4242",
        "4242424242424241",
        "CH93 0076 2011 6238 5295 8",
        "Konto •••• 2957",
        "Mastercard 12/28",
        "",
    ] {
        assert!(!is_in(text), "{text}");
    }
}
