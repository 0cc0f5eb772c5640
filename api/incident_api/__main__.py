"""`python -m incident_api`."""

import sys

from incident_api.main import main

if __name__ == "__main__":
    sys.exit(main())
