"""What an uninstall leaves, because it is the users', and how it is removed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from incident_crds.base import CATEGORY, KindInfo, Resource
from incident_crds.client import ApiClient
from incident_crds.errors import NotFound
from incident_crds.kinds import ALL_KINDS
from incident_crds.manifests import custom_resource_definitions
from incident_operator.domain.workload import claim_name
from incident_operator.hooks.kinds import SeenSystem

_MOST_NAMESPACES = 5

R = TypeVar("R", bound=Resource)


@dataclass(frozen=True, slots=True)
class Remains:
    """Objects of each kind by namespace, and systems that the operator created."""

    objects: dict[str, Counter[str]]
    """By the kind's name."""
    deployed: tuple[tuple[str, str], ...]
    """(namespace, name) of the systems whose pods go on running."""
    kept_volumes: tuple[tuple[str, str], ...]
    """(namespace, name) of the claims that were asked to be kept."""


async def find_remains(client: ApiClient) -> Remains:
    """Looks at all objects of the group."""
    objects: dict[str, Counter[str]] = {}
    for kind in ALL_KINDS:
        found = await _listed(client, _bare(kind))
        objects[kind.info.kind] = Counter(each.metadata.namespace for each in found)
    systems = [s for s in await _listed(client, SeenSystem) if s.spec.deployment is not None]
    return Remains(
        objects=objects,
        deployed=tuple(s.key for s in systems),
        kept_volumes=tuple(
            (s.metadata.namespace, claim_name(s.metadata.name))
            for s in systems
            if s.spec.deployment is not None and s.spec.deployment.retain_storage
        ),
    )


def describe_remains(remains: Remains) -> list[str]:
    """For people, with the commands that remove it all."""
    definitions = [definition["metadata"]["name"] for definition in custom_resource_definitions()]
    lines = [f"What stays is yours: {len(definitions)} CustomResourceDefinitions, and with them"]
    for kind, places in remains.objects.items():
        if places:
            lines.append(f"  {places.total()} {kind}{'' if places.total() == 1 else 's'} in {_places(places)}")
    if not any(remains.objects.values()):
        lines[-1] = lines[-1].replace(", and with them", ", and no object")
    if remains.deployed:
        names = ", ".join("/".join(key) for key in remains.deployed)
        lines.append(f"  whose pods go on running until their MockSystem is deleted: {names}")
    lines += [
        f"Remove the objects:                     kubectl delete {CATEGORY} --all --all-namespaces",
        f"Remove the definitions and all objects: kubectl delete crd {' '.join(definitions)}",
    ]
    if remains.kept_volumes:
        lines.append("Volumes that were asked to be kept (retainStorage) stay even then. Remove them:")
        lines += [f"  kubectl -n {namespace} delete pvc {name}" for namespace, name in remains.kept_volumes]
    return lines


def _places(places: Counter[str]) -> str:
    names = sorted(places)
    more = len(names) - _MOST_NAMESPACES
    return ", ".join(names[:_MOST_NAMESPACES]) + (f" and {more} more namespaces" if more > 0 else "")


def _bare(kind: type[Resource]) -> type[Resource]:
    """The kind, of whose objects only the metadata is looked at."""

    class Bare(Resource):
        info: ClassVar[KindInfo] = kind.info

    return Bare


async def _listed(client: ApiClient, kind: type[R]) -> list[R]:
    try:
        return await client.list_all(kind)
    except NotFound:
        return []  # the kind is not defined any more
