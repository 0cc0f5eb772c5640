"""Reading what kubectl gives as JSON. Whatever comes from the cluster is data: no control character gets past here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

GROUP = "incidentsimulator.net"
INCIDENTS = f"incidents.{GROUP}"
PLANS = f"remediationplans.{GROUP}"
EXPERIMENTS = f"chaosexperiments.{GROUP}"
SYSTEMS = f"mocksystems.{GROUP}"
DRILL_LABEL = f"{GROUP}/drill"
SUMMARY_ANNOTATION = f"{GROUP}/summary"

Json = dict[str, Any]


def clean(text: str) -> str:
    """The text in one line, without anything that a terminal would obey."""
    joined = " ".join(text.split())
    return "".join(c if c.isprintable() else "?" for c in joined)


def parse_time(text: str) -> datetime | None:
    """None where it is no time. Python before 3.11 reads no `Z`."""
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


@dataclass(frozen=True)
class Document:
    """A JSON object, asked by paths such as `status.diagnosis.summary`. What is not there is empty."""

    raw: Json

    def value(self, path: str) -> Any:
        """What stands there, or None."""
        found: Any = self.raw
        for key in path.split("."):
            if not isinstance(found, dict):
                return None
            found = found.get(key)
        return found

    def text(self, path: str) -> str:
        """As one clean line."""
        found = self.value(path)
        return "" if found is None or isinstance(found, (dict, list)) else clean(str(found))

    def number(self, path: str) -> float | None:
        found = self.value(path)
        return float(found) if isinstance(found, (int, float)) and not isinstance(found, bool) else None

    def flag(self, path: str) -> bool:
        return self.value(path) is True

    def time(self, path: str) -> datetime | None:
        return parse_time(self.text(path))

    def part(self, path: str) -> Document:
        found = self.value(path)
        return Document(found if isinstance(found, dict) else {})

    def parts(self, path: str) -> list[Document]:
        found = self.value(path)
        return [Document(item) for item in found if isinstance(item, dict)] if isinstance(found, list) else []

    def texts(self, path: str) -> list[str]:
        found = self.value(path)
        return [clean(str(item)) for item in found] if isinstance(found, list) else []

    def label(self, key: str) -> str:
        return clean(str((self.value("metadata.labels") or {}).get(key, "")))

    def annotation(self, key: str) -> str:
        return clean(str((self.value("metadata.annotations") or {}).get(key, "")))

    @property
    def kind(self) -> str:
        return self.text("kind")

    @property
    def name(self) -> str:
        return self.text("metadata.name")

    @property
    def namespace(self) -> str:
        return self.text("metadata.namespace")

    @property
    def uid(self) -> str:
        return self.text("metadata.uid")

    @property
    def version(self) -> str:
        return self.text("metadata.resourceVersion")

    @property
    def phase(self) -> str:
        return self.text("status.phase")

    @property
    def systems(self) -> list[str]:
        """Of an incident: those that it was opened for, and those that joined."""
        joined = [part.text("system") for part in self.parts("status.joined")]
        return list(dict.fromkeys([*self.texts("spec.affectedSystems"), *joined]))

    @property
    def created(self) -> datetime | None:
        return self.time("metadata.creationTimestamp")

    @property
    def is_deleted(self) -> bool:
        return self.value("metadata.deletionTimestamp") is not None


def escalation(incident: Document, since: datetime | None = None) -> str:
    """Why a person was called, or empty. `since`: only where that began then or later."""
    for condition in incident.parts("status.conditions"):
        if condition.text("type") != "Escalated" or condition.text("status") != "True":
            continue
        at = condition.time("lastTransitionTime")
        if since is None or (at is not None and at >= since):
            return condition.text("message") or condition.text("reason")
    return ""
