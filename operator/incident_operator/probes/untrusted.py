"""Names that come from a system: data, which anyone who may write there chose."""

from __future__ import annotations

import unicodedata

LONGEST_NAME = 256
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def clean_name(name: str) -> str:
    """At most 256 characters, none of them a control, format or surrogate character.

    What is taken out leaves a mark. Were it dropped, a crafted name could turn into the name of
    something else, and a remedy would hit that instead.
    """
    kept = "".join(
        _REPLACEMENT if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") else char
        for char in name[:LONGEST_NAME]
    )
    return kept if len(name) <= LONGEST_NAME else f"{kept[: LONGEST_NAME - 1]}…"
