import pytest

from llmlab.data import (
    scrub_cards,
    scrub_emails,
    scrub_ip_addresses,
    scrub_personal_data,
    scrub_phones,
)


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("Write to ada@example.org.", "Write to [EMAIL]."),
        ("ada.lovelace+news@mail.example.co.uk, or me", "[EMAIL], or me"),
        ("<ben_k@x-y.example> and a@b.cd", "<[EMAIL]> and [EMAIL]"),
        ("Ada@EXAMPLE.ORG!", "[EMAIL]!"),
        ("We met @home, at 5@night.", "We met @home, at 5@night."),
        ("no at sign here", "no at sign here"),
        ("user@localhost", "user@localhost"),
    ],
)
def test_electronic_addresses_go(text: str, scrubbed: str) -> None:
    assert scrub_emails(text) == scrubbed


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("call (555) 123-4567 now", "call [PHONE] now"),
        ("call 555-123-4567.", "call [PHONE]."),
        ("call 555.123.4567", "call [PHONE]"),
        ("+49 30 1234567 or +1 (555) 123-4567", "[PHONE] or [PHONE]"),
        ("from 1999-2004, 12 345 people", "from 1999-2004, 12 345 people"),
        ("ISBN 978-3-16-148410-0", "ISBN 978-3-16-148410-0"),
        ("1 + 2 = 3 and +5 % in 2020", "1 + 2 = 3 and +5 % in 2020"),
    ],
)
def test_telephone_numbers_go_and_other_numbers_stay(text: str, scrubbed: str) -> None:
    assert scrub_phones(text) == scrubbed


def test_public_addresses_of_machines_go_and_private_ones_stay() -> None:
    text = "8.8.8.8, 10.0.0.1, 192.168.1.5, 127.0.0.1, 999.1.1.1, version 1.2.3.4.5"
    assert scrub_ip_addresses(text) == text.replace("8.8.8.8", "[IP_ADDRESS]")


def test_card_numbers_go_when_their_checksum_is_right() -> None:
    assert scrub_cards("pay with 4111 1111 1111 1111!") == "pay with [CARD]!"
    assert scrub_cards("pay with 4111-1111-1111-1112") == "pay with 4111-1111-1111-1112"
    assert scrub_cards("3.14159265358979") == "3.14159265358979"


def test_all_kinds_go_together_and_twice_changes_nothing_more() -> None:
    text = "ada@example.org, (555) 123-4567, 8.8.8.8, 4111 1111 1111 1111"
    once = scrub_personal_data(text)
    assert once == "[EMAIL], [PHONE], [IP_ADDRESS], [CARD]"
    assert scrub_personal_data(once) == once
