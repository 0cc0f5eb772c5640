"""`python -m incident_api`."""

import sys

from incident_api.main import main

sys.exit(main())
