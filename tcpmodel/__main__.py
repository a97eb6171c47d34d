"""`python -m tcpmodel`: the command line."""

import sys

from tcpmodel.cli import main

sys.exit(main())
