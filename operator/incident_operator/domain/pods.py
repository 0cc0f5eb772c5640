"""What a created system's pod is up to, from what Kubernetes says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from incident_crds.mocksystem import WorkloadStatus

_REVISION = "controller-revision-hash"
_IS_STARTING = ("ContainerCreating", "PodInitializing", "")


@dataclass(frozen=True, slots=True)
class Workload:
    """The pod, and whether what runs is what should run."""

    status: WorkloadStatus
    uid: str = ""
    created_at: datetime | None = None
    is_rolling_out: bool = False
    is_stale: bool = False
    """It is of an earlier version and does not run: Kubernetes would wait for it for ever."""


def read_workload(pods: Sequence[Mapping[str, Any]], stateful_set: Mapping[str, Any], container: str) -> Workload:
    """The newest pod that is not being deleted, as the StatefulSet (its answer to an apply) sees it."""
    update = str((stateful_set.get("status") or {}).get("updateRevision") or "")
    is_new = _is_behind(stateful_set)
    present = [p for p in pods if not p["metadata"].get("deletionTimestamp")]
    if not present:
        text = "the pod is being replaced" if pods else "there is no pod yet"
        status = WorkloadStatus(reason="PodMissing", message=text)
        return Workload(status, is_rolling_out=is_new)
    pod = max(present, key=lambda p: str(p["metadata"].get("creationTimestamp")))
    status = _status(pod, container)
    is_old = bool(update) and (pod["metadata"].get("labels") or {}).get(_REVISION, update) != update
    return Workload(
        status,
        uid=str(pod["metadata"]["uid"]),
        created_at=datetime.fromisoformat(pod["metadata"]["creationTimestamp"]),
        is_rolling_out=is_new or is_old,
        is_stale=is_old and not status.ready and not is_new,
    )


def _is_behind(stateful_set: Mapping[str, Any]) -> bool:
    """Whether its controller has not looked at the latest spec yet."""
    observed = (stateful_set.get("status") or {}).get("observedGeneration") or 0
    return bool(observed < (stateful_set.get("metadata") or {}).get("generation", 0))


def _status(pod: Mapping[str, Any], container: str) -> WorkloadStatus:
    status = pod.get("status") or {}
    states = {c["name"]: c for c in status.get("containerStatuses") or []}
    conditions = {c["type"]: c for c in status.get("conditions") or []}
    ready = (conditions.get("Ready") or {}).get("status") == "True"
    reason, message = ("", "") if ready else _why_not(status, states, conditions)
    own = states.get(container) or {}
    return WorkloadStatus(
        pod=pod["metadata"]["name"],
        ready=ready,
        restarts=own.get("restartCount") or 0,
        image=_image(pod, container),
        reason=reason[:64],
        message=message[:4096],
    )


def _why_not(
    status: Mapping[str, Any], states: Mapping[str, Mapping[str, Any]], conditions: Mapping[str, Mapping[str, Any]]
) -> tuple[str, str]:
    """The first thing that keeps the pod from being ready: nothing after it can be right."""
    scheduled = conditions.get("PodScheduled") or {}
    if scheduled.get("status") == "False":
        text = str(scheduled.get("message") or "")
        is_volume = "PersistentVolumeClaim" in text or "persistentvolumeclaim" in text
        return ("VolumePending" if is_volume else "Unschedulable"), text
    for name, container in sorted(states.items()):
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason", "") not in _IS_STARTING:
            return str(waiting["reason"]), f"container {name}: {waiting.get('message') or _last_end(container)}"
        ended = (container.get("state") or {}).get("terminated")
        if ended:
            return str(ended.get("reason") or "Terminated"), f"container {name} {_describe_end(ended)}"
    if status.get("phase") == "Pending":
        return "ContainerCreating", "its containers are being created"
    late = [name for name, container in sorted(states.items()) if not container.get("ready")]
    return "NotReady", f"not ready yet: {', '.join(late) or 'the pod'}"


def _last_end(container: Mapping[str, Any]) -> str:
    ended = (container.get("lastState") or {}).get("terminated")
    return _describe_end(ended) if ended else "no reason is given"


def _describe_end(ended: Mapping[str, Any]) -> str:
    return f"ended with exit code {ended.get('exitCode')} ({ended.get('reason') or 'no reason is given'})"


def _image(pod: Mapping[str, Any], container: str) -> str:
    containers = (pod.get("spec") or {}).get("containers") or []
    return next((str(c.get("image") or "") for c in containers if c["name"] == container), "")
