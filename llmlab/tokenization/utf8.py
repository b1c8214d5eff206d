"""UTF-8: every character is written as one to four bytes (Thompson & Pike, 1992; RFC 3629)."""

from __future__ import annotations


def split_utf8(data: bytes) -> list[bytes]:
    """Cut bytes before each byte that begins a character, so that each piece is one character.

    The bytes from 128 to 191 (in binary `10xxxxxx`) go on with a character that an earlier byte
    began. Where none did, as in a text that was cut in the middle, they make a piece of their own,
    so that the pieces joined are always the data.
    """
    pieces: list[bytes] = []
    for byte in data:
        continues = 0b1000_0000 <= byte < 0b1100_0000
        if continues and pieces:
            pieces[-1] += bytes([byte])
        else:
            pieces.append(bytes([byte]))
    return pieces
