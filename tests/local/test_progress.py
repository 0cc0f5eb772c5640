"""What is said to a person: never a command to the terminal, and never a reason to stop what is under way."""

from __future__ import annotations

import io

import pytest
from typing_extensions import override

from incident_local.progress import Progress


def test_texts_from_anybody_cannot_command_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Progress().line("risk High\x1b[2K\x1b[1A\rrisk Low\x07 \u202esession:key:abc [red]x[/red]\n\tnext")
    said = capsys.readouterr().err
    assert said == "risk High?[2K?[1A?risk Low? ?session:key:abc [red]x[/red]\n        next\n"


class Gone(io.StringIO):
    """A terminal or pipe that nobody reads any more."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self._error = error

    @override
    def write(self, _: str) -> int:
        raise self._error


@pytest.mark.parametrize("error", [BrokenPipeError(32, "Broken pipe"), OSError(5, "Input/output error")])
def test_a_reader_that_goes_away_ends_nothing(error: OSError) -> None:
    progress = Progress()
    progress.console.file = Gone(error)
    progress.line("first")
    progress.warn("second")
