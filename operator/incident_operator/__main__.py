"""`python -m incident_operator`."""

import sys

from incident_operator.main import main

sys.exit(main())
