"""What a request for an experiment carries: the name of a scenario, or a spec as it stands in a manifest."""

from __future__ import annotations

from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, StrictBool, create_model
from pydantic.alias_generators import to_camel

from incident_api.routes.bodies import WHOLE, Body, NamespaceName
from incident_crds.base import Name
from incident_crds.catalogue import FaultType
from incident_crds.chaosexperiment import ChaosExperimentSpec, SelectionMode
from incident_crds.fault import Fault


class YamlBody(BaseModel):
    """A part of a manifest, spelt as in YAML."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", use_attribute_docstrings=True, validate_by_alias=True
    )


class _MadeBody(YamlBody):
    """One without source in which to look for descriptions: that takes long, and its fields bring theirs."""

    model_config = ConfigDict(use_attribute_docstrings=False)


class SystemName(YamlBody):
    """A system by name."""

    name: Name


class OneSystem(YamlBody):
    """The system, by name."""

    system_ref: SystemName


class Labels(YamlBody):
    """Labels that a system must all carry."""

    match_labels: Annotated[dict[str, str], Field(min_length=1, max_length=16)]


class OneOrAll(YamlBody):
    """One or all of the systems with the labels."""

    selector: Labels
    mode: Literal[SelectionMode.ONE, SelectionMode.ALL] = SelectionMode.ONE


class SomeOfThem(YamlBody):
    """A number of the systems with the labels."""

    selector: Labels
    mode: Literal[SelectionMode.FIXED]
    value: Annotated[int, Field(ge=1, le=1000), WHOLE]


class ShareOfThem(YamlBody):
    """A percent of the systems with the labels, rounded up."""

    selector: Labels
    mode: Literal[SelectionMode.PERCENT]
    value: Annotated[int, Field(ge=1, le=100), WHOLE]


def _with_whole_numbers(block: type[BaseModel]) -> type[BaseModel]:
    """The block of a fault's parameters, as strict about numbers as the API server is."""
    fields: dict[str, Any] = {
        name: (Annotated[int, *info.metadata, WHOLE] if info.annotation is int else info.annotation, info)
        for name, info in block.model_fields.items()
    }
    return create_model(block.__name__, __base__=_MadeBody, __doc__=block.__doc__, **fields)


def _fault_body(type: FaultType) -> Any:
    """{type, and the block of that type}: what a CustomResourceDefinition says by a rule, as a schema of its own."""
    fields: dict[str, Any] = {"type": (Literal[type.value], ...)}
    for name, info in Fault.model_fields.items():
        if to_camel(name) == type.value[0].lower() + type.value[1:]:
            block = next(part for part in info.annotation.__args__ if part is not NoneType)  # type: ignore[union-attr]
            fields[name] = (_with_whole_numbers(block), ...)
    return create_model(f"{type.value}FaultSpec", __base__=_MadeBody, __doc__=f"The fault {type.value}.", **fields)


if TYPE_CHECKING:
    AnyFault = YamlBody
else:
    AnyFault = Annotated[Union[tuple(map(_fault_body, FaultType))], Field(discriminator="type")]  # noqa: UP007 - made here


class ExperimentSpec(YamlBody):
    """The spec of a ChaosExperiment, as in a manifest."""

    target: OneSystem | OneOrAll | SomeOfThem | ShareOfThem
    """Which systems to break."""
    fault: AnyFault
    """What to break."""
    duration_seconds: Annotated[int, Field(ge=1, le=3600), WHOLE] = 600
    """Longest time the fault may last."""
    schedule: Annotated[str, Field(max_length=64)] | None = None
    """Cron expression of five fields in UTC; each firing makes a child experiment, and this one injects nothing."""
    history_limit: Annotated[int, Field(ge=0, le=100), WHOLE] = 3
    """With a schedule: how many finished children are kept."""
    allow_overlap: StrictBool = False
    """Begin also where another experiment's fault is on a target."""
    dry_run: StrictBool = False
    """Connect to the targets, read all that would be needed, and write nothing."""

    def to_spec(self) -> ChaosExperimentSpec:
        """As it is written to the cluster."""
        given: dict[str, Any] = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return ChaosExperimentSpec.model_validate(given)


class FromScenario(Body):
    """An experiment from the catalogue."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"scenario": "redis-memory"}]})

    scenario: Annotated[str, Field(min_length=1, max_length=63)]
    """Name of the scenario; GET /scenarios lists them."""
    duration_seconds: Annotated[int, Field(ge=1, le=3600), WHOLE] | None = None
    """Longest time the fault may last, in place of the scenario's."""
    namespace: NamespaceName | None = None
    """Where it is made."""


class FromSpec(Body):
    """An experiment of one's own."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "spec": {
                        "target": {"systemRef": {"name": "redis-test"}},
                        "fault": {"type": "RedisMemory", "redisMemory": {"fillPercent": 90}},
                        "durationSeconds": 300,
                    }
                }
            ]
        }
    )

    spec: ExperimentSpec
    """The spec, as in a manifest."""
    namespace: NamespaceName | None = None
    """Where it is made."""
