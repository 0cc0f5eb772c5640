"""Everything that goes wrong on the pages of a test: seen, and a failure unless the test expected it."""

from __future__ import annotations

import re

from playwright.async_api import BrowserContext, ConsoleMessage, Request, WebError

# A page that is left, or that changed its mind, ends its own requests.
_OWN_CHOICE = "net::ERR_ABORTED"


class Problems:
    """Errors and warnings of the console, what was thrown and never caught, requests that failed."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._expected: list[re.Pattern[str]] = []

    def expect(self, pattern: str) -> None:
        """From the test's begin on, problems with this in their text are no failures."""
        self._expected.append(re.compile(pattern))

    @property
    def unexpected(self) -> list[str]:
        return [text for text in self.seen if not any(pattern.search(text) for pattern in self._expected)]

    def watch(self, context: BrowserContext) -> None:
        """Every page of the context, from now on. What a Content-Security-Policy stops is told on the console."""
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)
        context.on("requestfailed", self._on_failed)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.seen.append(f"console {message.type}: {message.text} [{message.location.get('url', '')}]")

    def _on_error(self, error: WebError) -> None:
        self.seen.append(f"uncaught: {error.error}")

    def _on_failed(self, request: Request) -> None:
        if request.failure != _OWN_CHOICE:
            self.seen.append(f"request failed: {request.method} {request.url}: {request.failure}")
