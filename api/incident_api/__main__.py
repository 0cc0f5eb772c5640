"""`incident-api`, or `python -m incident_api`."""

import sys

from incident_api.main import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
