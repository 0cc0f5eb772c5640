"""What looks like a secret is taken out of texts before anybody is shown or sent them."""

from __future__ import annotations

import re

MARK = "[redacted]"
# Every repetition that could begin at each character is bounded: texts come from anybody, and may be long.

_WORDS = r"(?:pass(?:word|wd|phrase|code)?|pwd|secret|token|(?:api|access|private|signing)[-_]?key|credentials?|auth)"
_QUOTE = r"\\*[\"']?"
# shapes that are secrets wherever they stand: Groq, Google, OpenAI-like, AWS, GitHub, Slack, JSON Web Tokens
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S), MARK),
    (re.compile(r"(?i)((?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,30}://[^\s:@/]{0,255}):\S{1,500}@"), rf"\1:{MARK}@"),
    (re.compile(r"(?<![A-Za-z0-9])gsk_[A-Za-z0-9]{16,}"), MARK),
    (re.compile(r"(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{20,}"), MARK),
    (re.compile(r"(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{16,}"), MARK),
    (re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{12,}"), MARK),
    (re.compile(r"(?<![A-Za-z0-9])gh[pousr]_[A-Za-z0-9]{16,}"), MARK),
    (re.compile(r"(?<![A-Za-z0-9])xox[abprs]-[A-Za-z0-9-]{10,}"), MARK),
    (re.compile(r"(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"), MARK),
    (re.compile(r"(?i)(authorization\s*[:=]\s*)\S+(?:\s+[A-Za-z0-9._~+/=-]{6,})?"), rf"\1{MARK}"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"), rf"\1 {MARK}"),
    # password=…, also in the middle of a name
    (re.compile(rf"(?i)({_WORDS}\s*=\s*{_QUOTE})[^\s,;&\"'\\]+"), rf"\1{MARK}"),
)
_PHRASES: tuple[tuple[re.Pattern[str], str], ...] = (
    # "password": "…", also where the quotes are escaped; SECRET: …
    (re.compile(rf"(?i)({_WORDS}{_QUOTE}\s*:\s*{_QUOTE})[^\s,;&\"'\\]+"), rf"\1{MARK}"),
    # PASSWORD '…' in SQL, and --password … on a command line
    (re.compile(rf"(?i)({_WORDS}\s+)('[^']*'|\"[^\"]*\")"), rf"\1{MARK}"),
    (re.compile(rf"(?i)(--?[\w-]{{0,30}}{_WORDS}\s{{1,9}})\S+"), rf"\1{MARK}"),
)


def redact(text: str) -> str:
    """A text with passwords, keys and tokens replaced by a mark, as far as their shape or the words before tell."""
    return _replace(redact_name(text), _PHRASES)


def redact_name(text: str) -> str:
    """As `redact`, for a name of a key, table, application or file: `session:token:ab12:` is nobody's secret."""
    return _replace(text, _SHAPES)


def _replace(text: str, patterns: tuple[tuple[re.Pattern[str], str], ...]) -> str:
    for pattern, replacement in patterns:
        text = pattern.sub(replacement, text)
    return text
