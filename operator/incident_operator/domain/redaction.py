"""What looks like a secret is taken out of texts before anybody is shown or sent them."""

from __future__ import annotations

import re

MARK = "[redacted]"

_NAMES = (
    r"pass(?:word|wd|phrase)?|secret|token|api[-_]?key|access[-_]?key|auth(?:orization)?|credential|private[-_]?key"
)
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S), MARK),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"), rf"\1 {MARK}"),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://[^\s/:@]*):[^\s/@]+@"), rf"\1:{MARK}@"),
    # password=…, "apiKey": "…", SECRET: …
    (re.compile(rf"(?i)((?:{_NAMES})[\w-]*[\"']?\s*[:=]\s*)(\"[^\"]*\"|'[^']*'|[^\s,;&\"']+)"), rf"\1{MARK}"),
    # well-known shapes: Groq, Google, OpenAI-like, AWS, GitHub, Slack, JSON Web Tokens
    (re.compile(r"\bgsk_[A-Za-z0-9]{16,}"), MARK),
    (re.compile(r"\bAIza[A-Za-z0-9_-]{20,}"), MARK),
    (re.compile(r"\bsk-[A-Za-z0-9_-]{16,}"), MARK),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}"), MARK),
    (re.compile(r"\bgh[pousr]_[A-Za-z0-9]{16,}"), MARK),
    (re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}"), MARK),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"), MARK),
)


def redact(text: str) -> str:
    """The text with passwords, keys and tokens replaced by a mark, as far as their shape tells."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text
