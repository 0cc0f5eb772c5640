"""The one shape of a reply, whoever gives it; and what has to hold before a reply is believed."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from incident_crds.action import ActionParams, RedisOption
from incident_crds.catalogue import ActionType, FaultType, Severity
from incident_operator.diagnosis.errors import InvalidReply
from incident_operator.domain.evidence import Evidence
from incident_operator.domain.verdict import ActionDraft, Verdict

LONGEST_REPLY = 64 * 1024
UNDETERMINED = "Undetermined"
_FENCED = re.compile(r"```(?:json)?\s*\n(.*?)\n?```", re.DOTALL)
"""What models that are not held to a schema like to wrap their JSON in."""
CAUSES = (*(fault.value for fault in FaultType if fault is not FaultType.NONE), UNDETERMINED)


def _known_cause(value: str) -> str:
    if value not in CAUSES:
        raise ValueError(f"must be one of {', '.join(CAUSES)}")
    return value


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=False)


class ReplyAction(_Part):
    """One step. Parameters that the type does not take are null."""

    type: ActionType
    system: Annotated[str, Field(max_length=253)]
    prefix: Annotated[str, Field(max_length=128)] | None
    client_name: Annotated[str, Field(max_length=128)] | None
    application_name: Annotated[str, Field(max_length=63)] | None
    idle_seconds: Annotated[int, Field(ge=0, le=86400)] | None
    table: Annotated[str, Field(max_length=128)] | None
    files: Annotated[list[Annotated[str, Field(max_length=255)]], Field(max_length=64)] | None
    option: RedisOption | None
    expected_impact: Annotated[str, Field(max_length=1000)]


class ModelReply(_Part):
    """A diagnosis and the steps that would end the harm; with cause Undetermined there are no steps."""

    cause: Annotated[str, AfterValidator(_known_cause), Field(json_schema_extra={"enum": list(CAUSES)})]
    system: Annotated[str, Field(max_length=253)]
    summary: Annotated[str, Field(min_length=1, max_length=2000)]
    reasoning: Annotated[str, Field(max_length=4000)]
    severity: Severity
    confidence: Annotated[int, Field(ge=0, le=100)]
    solution: Annotated[str, Field(max_length=2000)]
    evidence: Annotated[list[Annotated[str, Field(max_length=500)]], Field(max_length=10)]
    actions: Annotated[list[ReplyAction], Field(max_length=6)]


@dataclass(frozen=True, slots=True)
class Scope:
    """What a reply may speak of: one system, what may be done to it, and what was read from it."""

    system: str
    remedies: Collection[ActionType]
    evidence: Evidence


_PARAMETER: Mapping[ActionType, str] = {
    ActionType.REDIS_EVICT_PREFIX: "prefix",
    ActionType.REDIS_KILL_CLIENTS: "client_name",
    ActionType.REDIS_RESET_CONFIG: "option",
    ActionType.POSTGRES_TERMINATE_IDLE: "application_name",
    ActionType.POSTGRES_VACUUM: "table",
    ActionType.DISK_CLEANUP: "files",
}
_TAKES: Mapping[ActionType, frozenset[str]] = {
    ActionType.POSTGRES_TERMINATE_IDLE: frozenset({"application_name", "idle_seconds"}),
    ActionType.POSTGRES_TERMINATE_BLOCKERS: frozenset({"application_name"}),
}
_NAMES = frozenset({"prefix", "client_name", "application_name", "table", "files"})
_ALL_PARAMETERS = ("prefix", "client_name", "application_name", "idle_seconds", "table", "files", "option")


def reply_schema() -> dict[str, Any]:
    """JSON Schema as strict structured output wants it: every field required, no others, no bounds, no references."""
    schema = ModelReply.model_json_schema()
    plain: dict[str, Any] = _plain(schema, schema.get("$defs", {}))
    return plain


def _plain(node: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(node, list):
        return [_plain(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _plain(definitions[node["$ref"].rpartition("/")[2]], definitions)
    kept = {"type", "enum", "description", "items", "anyOf", "required", "additionalProperties"}
    plain = {key: _plain(value, definitions) for key, value in node.items() if key in kept}
    if "properties" in node:
        plain["properties"] = {name: _plain(value, definitions) for name, value in node["properties"].items()}
        plain["required"] = list(node["properties"])
        plain["additionalProperties"] = False
    return plain


def parse_reply(text: str, scope: Scope) -> Verdict:
    """Raises InvalidReply with what is wrong, in words that the model itself can use to mend it."""
    text = text.strip()
    if fenced := _FENCED.fullmatch(text):
        text = fenced[1]
    if not text:
        raise InvalidReply("the reply is empty")
    if len(text) > LONGEST_REPLY:
        raise InvalidReply(f"the reply has {len(text)} characters; at most {LONGEST_REPLY} are read")
    try:
        reply = ModelReply.model_validate_json(text)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, e['loc'])) or 'reply'}: {e['msg']}" for e in error.errors(include_input=False)]
        raise InvalidReply("; ".join(problems[:5])[:800]) from None
    if reply.system != scope.system:
        raise InvalidReply(f"system must be {scope.system!r}, the only one of this incident")
    if reply.cause == UNDETERMINED:
        if reply.actions:
            raise InvalidReply("with cause Undetermined there must be no actions")
        return _verdict(reply, None, ())
    if scope.remedies and not reply.actions:
        raise InvalidReply("a cause needs at least one action; where none would help, the cause is Undetermined")
    return _verdict(reply, FaultType(reply.cause), tuple(_draft(action, scope) for action in reply.actions))


def _verdict(reply: ModelReply, fault: FaultType | None, actions: tuple[ActionDraft, ...]) -> Verdict:
    return Verdict(
        fault=fault,
        system=reply.system,
        summary=reply.summary,
        solution=reply.solution,
        severity=reply.severity,
        confidence=reply.confidence if fault else 0,
        evidence=tuple(reply.evidence),
        actions=actions,
        reasoning=reply.reasoning,
    )


def _draft(action: ReplyAction, scope: Scope) -> ActionDraft:
    if action.system != scope.system:
        raise InvalidReply(f"{action.type} is for system {action.system!r}: only {scope.system!r} may be acted on")
    if action.type not in scope.remedies:
        able = ", ".join(sorted(scope.remedies))
        raise InvalidReply(f"{action.type} cannot be done on {scope.system}; possible are: {able}")
    needed = _PARAMETER.get(action.type)
    takes = _TAKES.get(action.type, frozenset({needed} if needed else ()))
    given = {name: value for name in _ALL_PARAMETERS if (value := getattr(action, name)) not in (None, [])}
    if needed is not None and needed not in given:
        raise InvalidReply(f"{action.type} needs {needed}")
    if extra := sorted(given.keys() - takes):
        raise InvalidReply(f"{action.type} does not take {', '.join(extra)}")
    for name in sorted(given.keys() & _NAMES):
        _require_seen(action.type, name, given[name], scope.evidence)
    try:
        params = ActionParams(**given)
    except ValidationError as error:
        raise InvalidReply(f"{action.type}: {error.errors(include_input=False)[0]['msg']}") from None
    return ActionDraft(action.type, action.system, params, action.expected_impact)


def _require_seen(type: ActionType, parameter: str, value: Any, evidence: Evidence) -> None:
    """Parameters come from the evidence: a name that nobody saw is invented."""
    is_blocker = type is ActionType.POSTGRES_TERMINATE_BLOCKERS
    seen = {
        "prefix": {p.prefix for p in evidence.prefixes},
        "client_name": {g.name for g in evidence.clients},
        "application_name": {s.application_name for s in (evidence.blockers if is_blocker else evidence.sessions)},
        "table": {t.name for t in evidence.tables} | {t.name.removeprefix("public.") for t in evidence.tables},
        "files": {f.path for f in evidence.files},
    }[parameter]
    wanted = value if isinstance(value, list) else [value]
    unseen = [name for name in wanted if name not in seen]
    if unseen:
        raise InvalidReply(
            f"{type}: {parameter} {unseen[0]!r} is not in the evidence; use a name exactly as given there"
        )
