"""A set in constant memory: it may say 'seen' of what is new, but never 'new' of what it has seen.

Bloom (1970), *Space/Time Trade-offs in Hash Coding with Allowable Errors*; two hash values are enough
to make all others from (Kirsch & Mitzenmacher, 2006). Dolma (Soldaini et al., 2024) removes duplicates
with such filters, and LSHBloom (Khan et al., 2024) near duplicates, with one filter a band.
"""

from __future__ import annotations

import math

import numpy as np

from llmlab.errors import ConfigurationError


class BloomFilter:
    """A set of 64-bit numbers of a fixed size in memory.

    Args:
        capacity: For how many numbers it is made.
        error: How often it may say 'seen' of a new number once it is full.

    Raises:
        ConfigurationError: The capacity is not positive, or the error is not between 0 and 1.
    """

    def __init__(self, capacity: int, error: float = 1e-6) -> None:
        if capacity < 1 or not 0 < error < 1:
            raise ConfigurationError(
                f"A filter for {capacity} numbers with an error of {error} cannot be made; give a "
                "capacity of at least 1 and an error between 0 and 1."
            )
        self.bits = math.ceil(-capacity * math.log(error) / math.log(2) ** 2)
        self.hashes = max(1, round(self.bits / capacity * math.log(2)))
        self._bytes = np.zeros((self.bits + 7) // 8, dtype=np.uint8)

    @property
    def nbytes(self) -> int:
        """Its size in memory, in bytes."""
        return self._bytes.nbytes

    def add(self, number: int) -> bool:
        """Put a number in, and tell whether it was there already."""
        seen = True
        step = (number * 0x9E3779B97F4A7C15 >> 17) % self.bits | 1
        place = number % self.bits
        for _ in range(self.hashes):
            byte, bit = divmod(place, 8)
            if not self._bytes[byte] >> bit & 1:
                seen = False
                self._bytes[byte] |= 1 << bit
            place = (place + step) % self.bits
        return seen
