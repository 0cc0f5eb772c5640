"""`incident-operator` runs the operator; `incident-operator prompt INCIDENT` shows what a model would be sent."""

import sys

from incident_operator.main import main as run_operator
from incident_operator.prompting import main as show_prompt


def main() -> int:
    """The exit code of whichever was asked for."""
    return show_prompt(sys.argv[2:]) if sys.argv[1:2] == ["prompt"] else run_operator()


if __name__ == "__main__":
    sys.exit(main())
