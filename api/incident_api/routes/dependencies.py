"""What every path needs: the parts of this process, and the person who asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Path, Query
from starlette.requests import HTTPConnection

from incident_api.access.finder import Finder
from incident_api.access.gate import Gate, Viewer
from incident_api.board.board import Board
from incident_api.cluster.actors import Actors
from incident_api.cluster.killswitch import KillSwitchWatch
from incident_api.cluster.mirror import Mirror
from incident_api.cluster.reviews import Permission, Reviews
from incident_api.lists import Lists
from incident_api.problems import CODES, Problem, ProblemDocument, busy
from incident_api.settings import Settings
from incident_api.streaming.hub import Hub
from incident_api.writes.decisions import Decisions
from incident_api.writes.experiments import Experiments
from incident_api.writes.generators import Generators
from incident_api.writes.incidents import Incidents
from incident_api.writes.killswitch import KillSwitches


@dataclass(frozen=True, slots=True)
class Parts:
    """All that one API process consists of."""

    settings: Settings
    board: Board
    mirror: Mirror
    kill_switch: KillSwitchWatch
    reviews: Reviews
    gate: Gate
    finder: Finder
    actors: Actors
    hub: Hub
    lists: Lists
    incidents: Incidents
    decisions: Decisions
    experiments: Experiments
    generators: Generators
    kill_switches: KillSwitches

    async def require(self, viewer: Viewer, permission: Permission) -> None:
        """Raises Problem where the person may not, without a word about what is there."""
        if not await self.reviews.may(viewer.identity, permission):
            place = f" in namespace {permission.namespace}" if permission.namespace else ""
            raise Problem("forbidden", f"you may not {permission.verb} {permission.resource}{place}")

    async def admit(self, connection: HTTPConnection) -> Viewer:
        """The person behind a request or stream. Raises Problem, also before the first lists are there: half a list
        would look like a whole one."""
        viewer = await self.gate.admit(connection)
        if not self.mirror.is_synced:
            raise busy("not-synced", "the resources are still being listed: try again in a second", 1)
        return viewer


def get_parts(connection: HTTPConnection) -> Parts:
    """The parts of the process that serves the request."""
    parts: Parts = connection.app.state.parts
    return parts


PartsDep = Annotated[Parts, Depends(get_parts)]


async def get_viewer(connection: HTTPConnection, parts: PartsDep) -> Viewer:
    """The person who asks. Raises Problem for nobody."""
    return await parts.admit(connection)


ViewerDep = Annotated[Viewer, Depends(get_viewer)]
Namespace = Annotated[
    str | None, Query(pattern="^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", description="Namespace; the default one if none.")
]
IncidentId = Annotated[
    str, Path(description="The incident's id, its name, or its number such as INC-0001.", max_length=253)
]
IfMatch = Annotated[
    str | None,
    Header(description="ETag of the object as it was read: a write of anything newer is refused.", max_length=64),
]


def problems(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The problem documents that a path may answer with, besides those that every path may."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for code in codes:
        status, title = CODES[code]
        known = by_status.get(status, {}).get("description")
        text = f"{known}; {code}: {title}" if known else f"{code}: {title}"
        by_status[status] = {"model": ProblemDocument, "description": text}
    return by_status


EVERYWHERE = problems(
    "invalid-request",
    "not-signed-in",
    "token-refused",
    "session-ended",
    "forbidden",
    "too-many-requests",
    "not-synced",
    "cluster-unavailable",
    "internal",
)
WRITES = problems(
    "invalid-body",
    "cross-site",
    "body-too-large",
    "request-timeout",
    "unsupported-media-type",
    "rejected-by-cluster",
    "conflict",
)
