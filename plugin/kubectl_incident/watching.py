"""Follows kinds of objects by `kubectl get --watch`, one process each."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from types import TracebackType
from typing import Union

from kubectl_incident.documents import Document
from kubectl_incident.errors import KubectlFailed
from kubectl_incident.kubectl import VIEWER, Kubectl, translate

_RETRY_SECONDS = 1.0
_END_SECONDS = 5.0
_News = Union[Document, KubectlFailed]


class Watch:
    """Use it as a context; then `news` gives each object as it is and as it becomes. Deletions are marked as such."""

    def __init__(self, kubectl: Kubectl, kinds: Sequence[tuple[str, ...]]) -> None:
        """Each of `kinds` is a kind, and a name or flags that choose among its objects."""
        self._kubectl = kubectl
        self._kinds = kinds
        self._news: queue.Queue[_News] = queue.Queue()
        self._running: list[subprocess.Popen[str]] = []
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._over = threading.Event()

    def __enter__(self) -> Watch:
        for kind in self._kinds:
            thread = threading.Thread(target=self._follow, args=(kind,), daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:  # nothing is started after this
            self._over.set()
            for process in self._running:
                process.terminate()
        for thread in self._threads:
            thread.join(_END_SECONDS)

    def news(self, deadline: datetime, beat: float = 1.0) -> Iterator[Document | None]:
        """Until the deadline. None every `beat` seconds without any. Raises KubectlFailed where it cannot go on."""
        while True:
            left = (deadline - datetime.now(timezone.utc)).total_seconds()
            if left <= 0:
                return
            try:
                found = self._news.get(timeout=min(beat, left))
            except queue.Empty:
                yield None
                continue
            if isinstance(found, KubectlFailed):
                raise found
            yield found

    def _follow(self, kind: tuple[str, ...]) -> None:
        """A watch ends when the server likes: it begins anew with all objects, so nothing is missed."""
        failures = 0
        while not self._over.is_set():
            process = self._start(kind)
            if process is None:
                return
            seen = self._read(process)
            error = process.stderr.read() if process.stderr else ""
            process.wait()
            failures = 0 if seen else failures + 1
            if failures > 3 and error.strip():
                self._news.put(translate(error, VIEWER))
                return
            self._over.wait(_RETRY_SECONDS)

    def _start(self, kind: tuple[str, ...]) -> subprocess.Popen[str] | None:
        argv = self._kubectl.argv(("get", *kind, "--watch", "--output-watch-events", "--output=json"))
        with self._lock:
            if self._over.is_set():
                return None
            try:
                process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            except OSError as error:
                self._news.put(KubectlFailed(f"kubectl cannot be started: {error}"))
                return None
            self._running.append(process)
            return process

    def _read(self, process: subprocess.Popen[str]) -> bool:
        """Whether anything came. Events are JSON objects one after the other."""
        decoder, text, seen = json.JSONDecoder(), "", False
        for line in process.stdout or ():
            text += line
            # an event is a line of its own, or ends where a brace stands at the margin
            if not line.startswith("}") and not (line.startswith("{") and line.rstrip().endswith("}")):
                continue
            try:
                event, _ = decoder.raw_decode(text.lstrip())
            except ValueError:
                continue
            text, seen = "", True
            self._tell(Document(event))
        return seen

    def _tell(self, event: Document) -> None:
        found = event.part("object")
        if event.text("type") == "DELETED":
            found.raw.setdefault("metadata", {})["deletionTimestamp"] = "gone"
        if event.text("type") != "ERROR":
            self._news.put(found)
