"""Kubernetes quantities as numbers of bytes."""

from __future__ import annotations

import re
from decimal import Decimal

_UNITS = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
}


def parse_quantity(text: str) -> int:
    """Whole bytes. Raises ValueError for what the CRD's pattern does not let through either."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(m|k|Ki|Mi|M|Gi|G)?", text)
    if found is None:
        raise ValueError(f"{text!r} is not a quantity such as 64Mi")
    return int(Decimal(found[1]) * _UNITS[found[2] or ""])
