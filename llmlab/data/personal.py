"""Scrubbing: addresses and numbers that lead to a person give way to a word that says what stood there.

What a model has seen often enough it can recite (Carlini et al., 2021). Patterns find what has a form:
addresses and numbers, as in Dolma (Soldaini et al., 2024). A name has none, and stays.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

EMAIL, PHONE, IP_ADDRESS, CARD = "[EMAIL]", "[PHONE]", "[IP_ADDRESS]", "[CARD]"

_EMAIL = re.compile(
    r"(?<![\w.+-])[A-Za-z0-9](?:[A-Za-z0-9._%+-]*[A-Za-z0-9_%+-])?"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}(?![\w@])"
)
_IP = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)")
# With a country's code, or as the area's code and two groups.
_PHONE = re.compile(
    r"(?<![\w+.-])(?:\+\d{1,3}(?:[ .-]?\(?\d{1,5}\)?){2,5}|\(\d{3}\) ?\d{3}[ .-]\d{4}"
    r"|\d{3}[ .-]\d{3}[ .-]\d{4})(?![\w-])"
)
_CARD = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-]|\.\d)")


def scrub_emails(text: str) -> str:
    """Put `[EMAIL]` in the place of each electronic address; the full stop after it stays."""
    return _EMAIL.sub(EMAIL, text) if "@" in text else text


def scrub_phones(text: str) -> str:
    """Put `[PHONE]` in the place of telephone numbers with a country's or an area's code."""

    def replace(match: re.Match[str]) -> str:
        digits = sum(character.isdigit() for character in match[0])
        return PHONE if 7 <= digits <= 15 else match[0]

    return _PHONE.sub(replace, text)


def scrub_ip_addresses(text: str) -> str:
    """Put `[IP_ADDRESS]` in the place of public addresses; those of private networks name nobody."""

    def replace(match: re.Match[str]) -> str:
        try:
            address = ipaddress.IPv4Address(match[0])
        except ValueError:
            return match[0]
        return IP_ADDRESS if address.is_global else match[0]

    return _IP.sub(replace, text)


def scrub_cards(text: str) -> str:
    """Put `[CARD]` in the place of card numbers: 13 to 19 digits whose checksum (Luhn, 1960) is right."""

    def replace(match: re.Match[str]) -> str:
        digits = [int(character) for character in match[0] if character.isdigit()]
        return CARD if _luhn(digits) else match[0]

    return _CARD.sub(replace, text)


def _luhn(digits: list[int]) -> bool:
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


_SCRUBBERS: tuple[Callable[[str], str], ...] = (
    scrub_emails,
    scrub_cards,
    scrub_phones,
    scrub_ip_addresses,
)


def scrub_personal_data(text: str) -> str:
    """Put a word in the place of addresses and numbers that lead to a person."""
    for scrub in _SCRUBBERS:
        text = scrub(text)
    return text
