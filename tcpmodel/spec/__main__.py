"""`python -m tcpmodel.spec [NAME|PATH] [VARIANT...]`: checks one specification."""

import sys

from tcpmodel.errors import SpecError, UsageError
from tcpmodel.spec import load, render

try:
    model = load(*sys.argv[1:2], variants=tuple(sys.argv[2:]))
    print(f"ok: {len(model.rules)} rules")
except SpecError as error:
    sys.exit(render(error))
except UsageError as error:
    sys.exit(str(error))
