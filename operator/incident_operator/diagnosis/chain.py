"""The diagnosers in order: the first that answers is believed, and every try is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import assert_never

import structlog

from incident_crds.catalogue import ActionType, Risk, SignalName
from incident_crds.diagnosis import Diagnosis, EvidenceDocument, ProviderAttempt, RootCause
from incident_operator import metrics
from incident_operator.diagnosis.errors import InvalidReply, ProviderError, RateLimited
from incident_operator.diagnosis.prompt import build_prompt, build_repair
from incident_operator.diagnosis.provider import Answer, Provider, ask_within
from incident_operator.diagnosis.reply import Scope, parse_reply
from incident_operator.diagnosis.writer import Writer
from incident_operator.domain.breaker import Breaker
from incident_operator.domain.evidence import Evidence, Related
from incident_operator.domain.rules import diagnose
from incident_operator.domain.verdict import Verdict

RULES = "rules"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Budget:
    """How long one provider may take, its repair included, and all of them together."""

    each: timedelta = timedelta(seconds=10)
    total: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Question:
    """One incident's evidence, as read and as it is shown; and what may be done about it."""

    evidence: Evidence
    document: EvidenceDocument
    breached: Collection[SignalName]
    remedies: Collection[ActionType]
    risks: Mapping[ActionType, Risk]
    related: Sequence[Related] = ()


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """What is written on the incident, and the verdict that a plan is built from."""

    diagnosis: Diagnosis
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class _Given:
    verdict: Verdict
    attempt: ProviderAttempt


class Diagnoser:
    """Asks models where there are keys, and the built-in rules, which need no key and no network."""

    def __init__(
        self,
        links: Sequence[Provider | RulesLink],
        *,
        budget: Budget | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._links = tuple(links)
        self._budget = budget or Budget()
        self._now = now
        self._breakers: dict[str, Breaker] = {}

    async def close(self) -> None:
        for link in self._links:
            if isinstance(link, Provider):
                await link.close()

    def writer(self) -> Writer:
        """For texts, by the same models; one that is left alone here is left alone there."""
        return Writer([link for link in self._links if isinstance(link, Provider)], is_resting=self.is_resting)

    def is_resting(self, provider: Provider) -> bool:
        """Whether it is left alone for now, after outages or because it asked for a pause."""
        return self._breakers.get(provider.name, Breaker()).is_open(self._now())

    async def diagnose(self, question: Question) -> Diagnosed:
        """Always answers; where nobody can tell, the root cause is undetermined and there is no action."""
        started = time.monotonic()
        chain: list[ProviderAttempt] = []
        for link in self._links:
            given = await self._ask(link, question, chain, left=self._budget.total - _since(started))
            if given is not None:
                chain.append(given.attempt)
                return _diagnosed(given.verdict, chain, started, provider=link.name, model=_model_of(link))
        names = ", ".join(f"{a.provider}: {a.outcome}" for a in chain) or "none is set up"
        nobody = diagnose(_without_facts(question.evidence), question.breached)
        summary = f"{nobody.summary} No diagnoser could be used ({names})."
        verdict = Verdict(
            fault=None,
            system=nobody.system,
            summary=summary,
            solution=nobody.solution,
            severity=nobody.severity,
            confidence=0,
            evidence=nobody.evidence,
        )
        return _diagnosed(verdict, chain, started, provider="none", model="")

    async def _ask(
        self, link: Provider | RulesLink, question: Question, chain: list[ProviderAttempt], *, left: timedelta
    ) -> _Given | None:
        """What the link gives; None after its attempt was added to the chain."""
        match link:
            case RulesLink():
                return link.answer(question)
            case Provider():
                return await self._ask_model(link, question, chain, left=left)
            case _:
                assert_never(link)

    async def _ask_model(
        self, provider: Provider, question: Question, chain: list[ProviderAttempt], *, left: timedelta
    ) -> _Given | None:
        if self.is_resting(provider):
            until = self._breakers[provider.name].until or self._now()
            why = f"it failed before; it is asked again after {until:%H:%M:%S} UTC"
            chain.append(_attempt(provider, "Skipped", why))
            return None
        limit = min(self._budget.each, left)
        if limit <= timedelta(0):
            chain.append(_attempt(provider, "Skipped", "the time for all providers is over"))
            return None
        started = time.monotonic()
        try:
            verdict, answer = await self._ask_twice(provider, question, limit)
        except ProviderError as error:
            self._note_failure(provider, error)
            spent = Answer("", *error.tokens)
            chain.append(_attempt(provider, error.outcome, str(error), started=started, answer=spent))
            return None
        except Exception as error:
            # a bug of ours, or of an SDK: it must be seen as one, and the incident still be diagnosed
            log.exception("provider could not be asked", provider=provider.name)
            text = f"a bug in the {provider.name} adapter ({type(error).__name__}); see the operator's log"
            chain.append(_attempt(provider, "InternalError", text, started=started))
            return None
        self._breakers[provider.name] = Breaker()
        outcome = "Answered" if verdict.fault else "Undetermined"
        return _Given(verdict, _attempt(provider, outcome, "", started=started, answer=answer))

    async def _ask_twice(self, provider: Provider, question: Question, limit: timedelta) -> tuple[Verdict, Answer]:
        """A reply that cannot be used is sent back once, with what is wrong with it, within the same time."""
        started = time.monotonic()
        prompt = build_prompt(question.document, question.remedies, question.risks)
        scope = Scope(question.evidence.system, question.remedies, question.evidence)
        answer = Answer("")
        try:
            answer = await ask_within(provider, prompt, limit)
            return parse_reply(answer.text, scope), answer
        except InvalidReply as error:
            left = limit - _since(started)
            if left <= timedelta(0):
                error.tokens = (answer.input_tokens, answer.output_tokens)
                raise
            repair = build_repair(prompt, answer.text, str(error))
        try:
            again = await ask_within(provider, repair, left)
            answer = Answer(
                again.text,
                _sum(answer.input_tokens, again.input_tokens),
                _sum(answer.output_tokens, again.output_tokens),
            )
            return parse_reply(answer.text, scope), answer
        except ProviderError as error:
            error.tokens = (answer.input_tokens, answer.output_tokens)
            raise

    def _note_failure(self, provider: Provider, error: ProviderError) -> None:
        breaker = self._breakers.get(provider.name, Breaker())  # as it is now: others may have failed meanwhile
        wait = timedelta(seconds=error.retry_after) if isinstance(error, RateLimited) else timedelta(0)
        if error.is_outage:
            self._breakers[provider.name] = breaker.after_outage(self._now(), retry_after=wait)
        log.warning("provider gave no diagnosis", provider=provider.name, outcome=error.outcome, reason=str(error))


def undetermined(question: Question, *, system: str, why: str) -> Diagnosed:
    """A diagnosis for which nobody is asked, as the cause is to be looked for in another system."""
    started, nobody = time.monotonic(), diagnose(_without_facts(question.evidence), question.breached)
    summary = f"{nobody.summary} {why}"
    verdict = replace(nobody, fault=None, system=system, summary=summary, confidence=0, actions=())
    attempt = ProviderAttempt(provider=RULES, outcome="Undetermined", message=why)
    return _diagnosed(verdict, [attempt], started, provider=RULES, model="")


class RulesLink:
    """The built-in rules as a link of the chain."""

    name = RULES

    def answer(self, question: Question) -> _Given:
        started = time.monotonic()
        verdict = diagnose(question.evidence, question.breached, question.related)
        outcome = "Answered" if verdict.fault else "Undetermined"
        took = round(_since(started).total_seconds() * 1000)
        return _Given(verdict, ProviderAttempt(provider=RULES, outcome=outcome, latency_ms=took))


def _since(started: float) -> timedelta:
    return timedelta(seconds=time.monotonic() - started)


def _sum(first: int | None, second: int | None) -> int | None:
    return None if first is None and second is None else (first or 0) + (second or 0)


def _model_of(link: Provider | RulesLink) -> str:
    return link.model if isinstance(link, Provider) else ""


def _without_facts(evidence: Evidence) -> Evidence:
    return Evidence(system=evidence.system, type=evidence.type, signals=evidence.signals)


def _attempt(
    provider: Provider, outcome: str, message: str, *, started: float | None = None, answer: Answer | None = None
) -> ProviderAttempt:
    took = 0 if started is None else round(_since(started).total_seconds() * 1000)
    return ProviderAttempt(
        provider=provider.name,
        model=provider.model[:256],
        outcome=outcome,
        message=message[:4096],
        latency_ms=took,
        input_tokens=answer.input_tokens if answer else None,
        output_tokens=answer.output_tokens if answer else None,
    )


def _diagnosed(
    verdict: Verdict, chain: Sequence[ProviderAttempt], started: float, *, provider: str, model: str
) -> Diagnosed:
    for attempt in chain:
        metrics.DIAGNOSIS_ATTEMPTS.labels(attempt.provider, attempt.outcome).inc()
    diagnosis = Diagnosis(
        provider=provider,
        model=model[:256],
        summary=verdict.summary[:4096],
        root_cause=RootCause(system=verdict.system, fault_type=verdict.fault),
        severity=verdict.severity,
        solution=verdict.solution[:4096],
        confidence=verdict.confidence,
        evidence=[line[:4096] for line in verdict.evidence][:32],
        fallback_chain=list(chain)[:8],
        latency_ms=round(_since(started).total_seconds() * 1000),
    )
    return Diagnosed(diagnosis, verdict)
