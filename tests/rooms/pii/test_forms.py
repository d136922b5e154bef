"""What shows by its own form, in many countries' spellings, and the numbers beside it that must stay."""

import pytest

from proofdesk.language.pii import redact


def kinds(text: str) -> list[tuple[str, str]]:
    return [(span.kind, text[span.start : span.end]) for span in redact(text).spans]


@pytest.mark.parametrize(
    "card",
    [
        "4111111111111111", "4111-1111-1111-1111", "4111.1111.1111.1111", "4111 - 1111 - 1111 - 1111",
        "4111  1111  1111  1111",
        "4111\u00a01111\u00a01111\u00a01111", "4111–1111–1111–1111", "４１１１１１１１１１１１１１１１",
        "3782 822463 10005",
        "5555-5555-5555-4444", "6011 1111 1111 1117", "3530 1113 3330 0000", "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
    ],
)  # fmt: skip
def test_a_card_is_found_however_it_is_spaced(card):
    assert kinds(f"my number {card} please") == [("CARD", card)]


def test_what_follows_a_card_does_not_hide_it():
    assert kinds("4111 1111 1111 1111 12/27 123")[0] == ("CARD", "4111 1111 1111 1111")
    assert kinds("Visa4111111111111111.")[0] == ("CARD", "4111111111111111")
    assert kinds("41\u200b11111111111111 ok")[0][0] == "CARD"


@pytest.mark.parametrize(
    "iban",
    [
        "FR1420041010050500013M02606", "FR14 2004 1010 0505 0001 3M02 606", "NL91ABNA0417164300",
        "NL91-ABNA-0417-1643-00",
        "ES91 2100 0418 4502 0005 1332", "IT60 X054 2811 1010 0000 0123 456", "PT50 0002 0123 1234 5678 9015 4",
        "NO93 8601 1117 947", "PL61 1090 1014 0000 0712 1981 2874", "AT61 1904 3002 3457 3201",
        "CH93 0076 2011 6238 5295 7",
        "BE68 5390 0754 7034",
    ],
)  # fmt: skip
def test_ibans_of_many_countries_in_groups_or_not(iban):
    assert kinds(f"Bitte an {iban} und danke") == [("IBAN", iban)]
    assert kinds(f"IBAN:{iban.lower()}.") == [("IBAN", iban.lower())]


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("anna [at] example [dot] org bitte", "EMAIL", "anna [at] example [dot] org"),
        ("write anna.b at example dot com", "EMAIL", "anna.b at example dot com"),
        ("an anna(at)example.org", "EMAIL", "anna(at)example.org"),
        ("mail: jörg@müller.example", "EMAIL", "jörg@müller.example"),
        ("my ssn is 536 22 8726", "SSN", "536 22 8726"),
        ("social security number: 536228726", "SSN", "536228726"),
        ("PESEL 44051401359", "NATIONAL_ID", "44051401359"),
        ("mein AHV 756.9217.0769.85", "NATIONAL_ID", "756.9217.0769.85"),
        ("rijksregisternummer 85.07.30-033.28", "NATIONAL_ID", "85.07.30-033.28"),
        ("hetu 131052-308T", "NATIONAL_ID", "131052-308T"),
        ("personnummer 880320-0016", "NATIONAL_ID", "880320-0016"),
        ("codice fiscale RCCMNL83S18D969H", "NATIONAL_ID", "RCCMNL83S18D969H"),
        ("NIE X2482300W", "NATIONAL_ID", "X2482300W"),
        ("BSN 111222333", "NATIONAL_ID", "111222333"),
        ("NHS number 943 476 5919", "NATIONAL_ID", "943 476 5919"),
        ("ni number QQ 12 34 56 C is a sample, mine is AB 12 34 56 C", "NATIONAL_ID", "AB 12 34 56 C"),
        ("Aadhaar 2341 2341 2346", "NATIONAL_ID", "2341 2341 2346"),
        ("my NRIC S1234567D", "NATIONAL_ID", "S1234567D"),
        ("HKID A123456(3)", "NATIONAL_ID", "A123456(3)"),
        ("passport number C01X00T47", "PASSPORT", "C01X00T47"),
        ("Reisepass: C01X00T47", "PASSPORT", "C01X00T47"),
        ("my driver's license number is D1234567", "LICENCE", "D1234567"),
        ("I was born on 12 March 1984", "BIRTH_DATE", "12 March 1984"),
        ("geboren am 12.03.1984", "BIRTH_DATE", "12.03.1984"),
        ("date de naissance : 12/03/1984", "BIRTH_DATE", "12/03/1984"),
        ("device 00:1A:2B:3C:4D:5E is offline", "MAC", "00:1A:2B:3C:4D:5E"),
        ("imei 490154203237518", "DEVICE_ID", "490154203237518"),
        ("tel. 0171 2345678", "PHONE", "0171 2345678"),
        ("appelez le 06 12 34 56 78", "PHONE", "06 12 34 56 78"),
        ("my number: +1 (415) 555-2671 ext. 12", "PHONE", "+1 (415) 555-2671 ext. 12"),
        ("ruf mich an: 0049 30 901820", "PHONE", "0049 30 901820"),
        ("btc 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "CRYPTO", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"),
        ("Musterstraße 12a, 10115 Berlin", "ADDRESS", "Musterstraße 12a, 10115 Berlin"),
        ("12 rue de la Paix, 75002 Paris", "ADDRESS", "12 rue de la Paix, 75002 Paris"),
        ("vivo en Calle Mayor 5", "ADDRESS", "Calle Mayor 5"),
        ("742 Evergreen Terrace, Apt 3", "ADDRESS", "742 Evergreen Terrace, Apt 3"),
        ("My name is Anna van der Berg and", "PERSON", "Anna van der Berg"),
        ("ich heiße Jörg Müller.", "PERSON", "Jörg Müller"),
        ("Thanks\nKind regards,\nAnna Schmidt", "PERSON", "Anna Schmidt"),
        ("sort code 20-00-00", "BANK_ACCOUNT", "20-00-00"),
    ],
)
def test_forms_of_many_countries(text, kind, found):
    assert (kind, found) in kinds(text)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("my password is hunter2!", "hunter2!"),
        ("Passwort: Geheim123", "Geheim123"),
        ("key AKIAIOSFODNN7EXAMPLE leaked", "AKIAIOSFODNN7EXAMPLE"),
        ("https://example.org/reset?token=Zx81kd92Kq&x=1", "Zx81kd92Kq"),
        ("https://bob:pa55word@example.org/", "pa55word"),
        ("Authorization: Bearer abcdef0123456789abcdef", "abcdef0123456789abcdef"),
        ("my PIN is 4821", "4821"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----", "MIIEow"),
        ("api_key=a8f5f167f44f4964e6c998dee827110c", "a8f5f167f44f4964e6c998dee827110c"),
    ],
)
def test_a_secret_is_kept_nowhere(text, secret):
    found = redact(text)
    assert secret not in found.text
    assert secret not in repr(found.tokens)


@pytest.mark.parametrize(
    "text",
    [
        "order 4111111111111111 is late",
        "Bestellnummer 44051401359 fehlt",
        "tracking number 1234 5678 9012 3456 7890",
        "I ordered 12 x 100 on 12.03.2026 for 1.234.567,89 EUR",
        "order number 112-7654321-1234567",
        "invoice INV-2026-000123 of 2026-01-31, total 12 345 678,90 kr",
        "SKU AB12CD34 and serial 9834-2231-77",
        "the password is wrong and the token is missing",
        "my password is not accepted",
        "please call the API 3 times within 10.5 seconds",
        "ticket 20260312-0042 about build 1.22.333.4444",
        "ISBN 978-3-16-148410-0",
        "at 10:30:45 the error 0x80070005 came up",
        "version 2001.10.4 on Windows 11 24H2",
        "the ratio was 1:2:3 and the score 10:12",
        "see section 4.3.2.1 of the manual",
        "I paid $1200.00 and €99.95 on 3/4/2026",
        "The street is closed and the road is long.",
        "we met at the dot com event",
        "Your support team at the store is great",
        "item 0123456789012 (EAN) and 5 x 20-pack",
        "order 880320-0016 and order S1234567D",
    ],
)
def test_ordinary_numbers_and_words_stay(text):
    assert kinds(text) == []
