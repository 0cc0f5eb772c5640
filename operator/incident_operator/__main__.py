"""`python -m incident_operator` runs the operator; `… prompt INCIDENT` shows what a model would be sent."""

import sys

from incident_operator.main import main
from incident_operator.prompting import main as show_prompt

sys.exit(show_prompt(sys.argv[2:]) if sys.argv[1:2] == ["prompt"] else main())
