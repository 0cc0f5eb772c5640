"""`python -m kubectl_incident`, and what the self-contained archive starts."""

from __future__ import annotations

import sys

from kubectl_incident.cli import main

if __name__ == "__main__":
    sys.exit(main())
