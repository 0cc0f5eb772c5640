"""What the accounts may do, and what they were seen to do: by the metrics of their own requests."""

from __future__ import annotations

from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

from .cluster import kubectl, list_all, names
from .release import SYSTEM

Right = tuple[str, str, str]
"""(verb, group, resource with its subresource)."""
ACCOUNTS = {"operator": ("incident-operator", 8085), "api": ("incident-api", 8080)}


@dataclass
class Requests:
    """Of each part, gathered again and again, as a restart begins anew."""

    seen: dict[str, set[Right]] = field(default_factory=lambda: {part: set() for part in ACCOUNTS})
    forbidden: dict[str, set[Right]] = field(default_factory=lambda: {part: set() for part in ACCOUNTS})

    def gather(self) -> None:
        """Take what every pod has counted so far."""
        for part, (_, port) in ACCOUNTS.items():
            for pod in names("pod", SYSTEM, f"app.kubernetes.io/component={part}"):
                path = f"/api/v1/namespaces/{SYSTEM}/pods/{pod}:{port}/proxy/metrics"
                self._take(part, kubectl("get", "--raw", path))

    def _take(self, part: str, text: str) -> None:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name != "incidentsim_api_requests_total" or not sample.value:
                    continue
                labels = sample.labels
                right = (labels["verb"], labels["group"], labels["resource"])
                (self.forbidden if labels["code"] == "403" else self.seen)[part].add(right)
                if (labels["verb"], labels["code"]) == ("patch", "201"):  # an apply that creates needs both rights
                    self.seen[part].add(("create", right[1], right[2]))

    def missing(self, part: str) -> set[Right]:
        """What was never allowed. A namespace that is going refuses with the same code what its roles allow."""
        return self.forbidden[part] - self.seen[part]


def granted(part: str) -> set[Right]:
    """All that the part's account is bound to, whatever the roles are called."""
    account = ACCOUNTS[part][0]
    rights: set[Right] = set()
    for kind in ("Role", "ClusterRole"):
        rules = {_key(role): role.get("rules") or [] for role in list_all(kind.lower())}
        for binding in list_all(f"{kind.lower()}binding"):
            if not _binds(binding, account):
                continue
            reference = binding["roleRef"]
            namespace = binding["metadata"].get("namespace", "") if reference["kind"] == "Role" else ""
            for rule in rules.get((namespace, reference["name"]), []):
                rights |= {
                    (verb, group, resource)
                    for verb in rule["verbs"]
                    for group in rule.get("apiGroups", [])
                    for resource in rule.get("resources", [])
                }
    return rights


def _key(role: dict[str, dict[str, str]]) -> tuple[str, str]:
    return role["metadata"].get("namespace", ""), role["metadata"]["name"]


def _binds(binding: dict[str, list[dict[str, str]]], account: str) -> bool:
    return any(s.get("name") == account and s.get("namespace") == SYSTEM for s in binding.get("subjects") or [])
