"""The whole text: its tables from the code, and its examples."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import Path
from string import Template
from typing import Any

from pydantic.fields import FieldInfo

from incident_api.access.gate import FAILURES_A_MINUTE, SIGN_INS_A_MINUTE
from incident_api.app import build_app, build_parts
from incident_api.board.board import WINDOW
from incident_api.board.envelope import VERSION, EventType
from incident_api.board.queries import Sort
from incident_api.document.requests import DocumentIncomplete, read_operations, write_examples
from incident_api.problems import CODES, MEDIA_TYPE
from incident_api.settings import Settings
from incident_api.streaming import socket
from incident_api.streaming.hub import Pace
from incident_crds.client import ApiClient, ApiConfig

_CLOSES = {
    socket.UNSUPPORTED: "a message was not text",
    socket.BAD_PAYLOAD: "a message was not understood",
    socket.POLICY: "too many messages",
    1009: "a message was too long",  # the library's own
    socket.RESTART: "this replica ends: wait `retry_ms`, then connect again",
    socket.SIGNED_OUT: "the token is no longer accepted: sign in again",
}


def build_files() -> dict[str, str]:
    """Each file of docs/ that is made here, by name. Raises DocumentIncomplete."""
    openapi = read_openapi()
    schema = json.dumps(openapi, indent=1, sort_keys=True, ensure_ascii=False)
    return {"api.md": build_document(openapi), "openapi.json": f"{schema}\n"}


def build_document(openapi: Mapping[str, Any]) -> str:
    """The text of docs/api.md. Raises DocumentIncomplete."""
    template = Path(__file__).with_name("text.md").read_text()
    if missing := [kind for kind in EventType if f"`{kind}`" not in template]:
        raise DocumentIncomplete(f"document/text.md must say what these messages are: {', '.join(missing)}")
    return Template(template).substitute(
        sign_ins=SIGN_INS_A_MINUTE,
        failures=FAILURES_A_MINUTE,
        problem_type=MEDIA_TYPE,
        codes=_table(("code", "status", "meaning"), ((f"`{c}`", s, title) for c, (s, title) in CODES.items())),
        sorts=", ".join(f"`{sort}`" for sort in Sort if not sort.startswith("-")),
        protocol=socket.PROTOCOL,
        version=VERSION,
        window=round(Pace().window * 1000),
        log=f"{WINDOW:,}",
        messages=f"{socket.MESSAGES_A_SECOND:g}",
        longest=socket.LONGEST_MESSAGE,
        closes="\n".join(f"| {code} | {meaning} |" for code, meaning in _CLOSES.items()),
        paths=_paths(openapi),
        examples=write_examples(openapi),
        settings=_settings(),
    )


def read_openapi() -> dict[str, Any]:
    """The document as every process of this version serves it."""
    config = ApiConfig("https://cluster.invalid")  # it is never asked
    return build_app(build_parts(Settings.model_construct(), config, ApiClient(config))).openapi()


def _paths(openapi: Mapping[str, Any]) -> str:
    rows = (
        (f"`{operation.method} {operation.path}`", operation.summary, ", ".join(operation.statuses))
        for operation in read_operations(openapi).values()
    )
    return _table(("path", "what it does", "success"), rows)


def _settings() -> str:
    prefix = Settings.model_config["env_prefix"]
    rows = (
        (f"`{field.validation_alias or f'{prefix}{name.upper()}'}`", _default(field), _meaning(name, field))
        for name, field in Settings.model_fields.items()
    )
    return _table(("variable", "default", "meaning"), rows)


def _default(field: FieldInfo) -> str:
    value = field.default.value if isinstance(field.default, Enum) else field.default
    return "" if value in (None, "") else f"`{value}`"


def _meaning(name: str, field: FieldInfo) -> str:
    if not field.description:
        raise DocumentIncomplete(f"settings.py must say what {name} means, in a string below it")
    return field.description


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    names = list(head)
    lines = [names, ["---"] * len(names), *([str(cell).replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
