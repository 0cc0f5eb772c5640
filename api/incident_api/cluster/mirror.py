"""Follows the resources, one watch a kind, and keeps the board as they are."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import TypeVar, cast

from incident_api.board.board import Board
from incident_api.board.cards import Card, experiment_card, incident_card, plan_card, system_card
from incident_api.board.history import History
from incident_api.board.scope import Topic
from incident_api.cluster.pulse import Pulse
from incident_crds.base import Resource
from incident_crds.changes import Change, ChangeType, Key
from incident_crds.chaosexperiment import ChaosExperiment
from incident_crds.client import ApiClient
from incident_crds.generator import IncidentGenerator
from incident_crds.incident import Incident
from incident_crds.mocksystem import MockSystem
from incident_crds.remediationplan import RemediationPlan
from incident_crds.watcher import Watcher

R = TypeVar("R", bound=Resource)
T = TypeVar("T")

_NOT_ON_CARDS = ("status.timeline", "status.evidence.signals", "status.evidence.facts", "status.evidence.tables")
"""The large parts of an incident, which are read from the API server when somebody opens one."""
SEEN_SECONDS = timedelta(seconds=2)
"""How long a write waits until this process sees it itself."""


class Mirror:
    """The typed caches of this process, and the board that follows from them. Start with `run`."""

    def __init__(self, client: ApiClient, board: Board, *, on_news: Callable[[], None]) -> None:
        self._board = board
        self._on_news = on_news
        self._waiters: dict[tuple[type[Resource], Key], set[asyncio.Event]] = defaultdict(set)
        self._plans_of: dict[Key, dict[str, RemediationPlan]] = defaultdict(dict)
        self._objects_in: Counter[str] = Counter()
        self.history = History()
        self.pulse = Pulse(client)
        self.incidents = Watcher(
            client, Incident, on_change=self._incident_changed, leave_out=_NOT_ON_CARDS, streams_lists=True
        )
        self.plans = Watcher(client, RemediationPlan, on_change=self._plan_changed)
        self.experiments = Watcher(client, ChaosExperiment, on_change=self._experiment_changed)
        self.systems = Watcher(client, MockSystem, on_change=self._system_changed)
        self.generators = Watcher(client, IncidentGenerator, on_change=self._note)

    @property
    def watchers(self) -> Mapping[str, Watcher[Incident] | Watcher[RemediationPlan] | Watcher[ChaosExperiment]
                                  | Watcher[MockSystem] | Watcher[IncidentGenerator]]:  # fmt: skip
        """Each kind's watcher, by the resource's name."""
        return {
            Incident.info.plural: self.incidents,
            RemediationPlan.info.plural: self.plans,
            ChaosExperiment.info.plural: self.experiments,
            MockSystem.info.plural: self.systems,
            IncidentGenerator.info.plural: self.generators,
        }

    async def run(self) -> None:
        """Follow every kind until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.pulse.run())
            for watcher in self.watchers.values():
                group.create_task(watcher.run())

    @property
    def is_synced(self) -> bool:
        """Every kind was listed: what is not here does not exist."""
        return all(watcher.synced for watcher in self.watchers.values())

    async def wait_synced(self) -> None:
        """Return once every kind was listed."""
        await asyncio.gather(*(watcher.wait_synced() for watcher in self.watchers.values()))

    @property
    def problem(self) -> str:
        """Why the board may be behind the cluster; empty while all is well."""
        if self.is_synced and self.pulse.is_missed:
            return "the API server does not answer"
        return next((watcher.problem for watcher in self.watchers.values() if watcher.problem), "")

    def age(self) -> timedelta | None:
        """How old what is known may be; None before every kind was listed.

        The age of the API server's last answer, and of a kind's last event where its watch is interrupted: a watch that
        is open tells of a change at once, however long it was silent.
        """
        broken = [watcher.last_event_age() for watcher in self.watchers.values() if watcher.problem]
        ages = [age for age in (self.pulse.age(), *broken) if age is not None]
        return max(ages, default=None) if self.is_synced else None

    def namespaces(self) -> set[str]:
        """Every namespace that holds an object of ours."""
        return set(self._objects_in)

    def plans_of(self, incident: Key) -> list[RemediationPlan]:
        """The incident's plans, oldest first."""
        plans = self._plans_of.get(incident, {}).values()
        return sorted(plans, key=lambda plan: (plan.spec.attempt, plan.metadata.name))

    async def wait_for(self, kind: type[R], key: Key, look: Callable[[], T | None], timeout: timedelta) -> T | None:
        """The first result of `look` that is not None; it looks now and after each change of the object.

        None when there is none in time: then the caller tells what it knows.
        """
        changed = asyncio.Event()
        waiting = self._waiters[kind, key]
        waiting.add(changed)
        try:
            async with asyncio.timeout(timeout.total_seconds()):
                while True:
                    found = look()
                    if found is not None:
                        return found
                    await changed.wait()
                    changed.clear()
        except TimeoutError:
            return None
        finally:
            waiting.discard(changed)
            if not waiting:
                self._waiters.pop((kind, key), None)

    def seen(self, written: R) -> R | None:
        """The object as it is known here; None until what was written, or what came after it, has arrived."""
        now = cast("R | None", self.watchers[written.info.plural].objects.get(written.key))
        is_new = now is not None and int(now.metadata.resource_version) >= int(written.metadata.resource_version)
        return now if is_new else None

    async def wait_seen(self, written: R) -> R:
        """Until a read that follows shows the write; after a while, as it was written."""
        found = await self.wait_for(type(written), written.key, lambda: self.seen(written), SEEN_SECONDS)
        return found or written

    def _note(self, change: Change[R]) -> None:
        """Of every kind: count what each namespace holds, and wake whoever waits for the object."""
        namespace = change.obj.metadata.namespace
        if change.type is ChangeType.ADDED:
            self._objects_in[namespace] += 1
        elif change.type is ChangeType.DELETED:
            self._objects_in[namespace] -= 1
            if not self._objects_in[namespace]:
                del self._objects_in[namespace]
        for event in self._waiters.get((type(change.obj), change.obj.key), ()):
            event.set()

    def _incident_changed(self, change: Change[Incident]) -> None:
        incident = change.obj
        if not incident.is_consultation:
            if change.type is ChangeType.DELETED:
                self._board.remove(Topic.INCIDENT, incident.metadata.uid)
            else:
                self._board.put(incident_card(incident))
            if change.type is not ChangeType.MODIFIED:
                self._put_plans(self.plans_of(incident.key))
            self._on_news()
        self._note(change)

    def _plan_changed(self, change: Change[RemediationPlan]) -> None:
        plan = change.obj
        siblings = self._plans_of[plan.metadata.namespace, plan.spec.incident_ref]
        if change.type is ChangeType.DELETED:
            siblings.pop(plan.metadata.name, None)
            self._board.remove(Topic.PLAN, plan.metadata.uid)
        else:
            siblings[plan.metadata.name] = plan
            self._put_plans([plan])
        self._on_news()
        self._note(change)

    def _put_plans(self, plans: Iterable[RemediationPlan]) -> None:
        for plan in plans:
            incident = self.incidents.objects.get((plan.metadata.namespace, plan.spec.incident_ref))
            self._board.put(plan_card(plan, incident.metadata.uid if incident else ""))

    def _experiment_changed(self, change: Change[ChaosExperiment]) -> None:
        self._show(Topic.EXPERIMENT, change, experiment_card)

    def _system_changed(self, change: Change[MockSystem]) -> None:
        if change.type is ChangeType.DELETED:
            self.history.forget(change.obj.metadata.uid)
        else:
            self.history.note(change.obj)
        self._show(Topic.SYSTEM, change, system_card)

    def _show(self, topic: Topic, change: Change[R], make_card: Callable[[R], Card]) -> None:
        """As most kinds are shown: each object by itself."""
        if change.type is ChangeType.DELETED:
            self._board.remove(topic, change.obj.metadata.uid)
        else:
            self._board.put(make_card(change.obj))
        self._on_news()
        self._note(change)
