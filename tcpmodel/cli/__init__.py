"""The command line: `main` runs one command and returns its exit code.

Here belong options, exit codes, progress and what goes to standard error. What a command does, and what its report
looks like, lives below; each command's module is imported only when that command runs.
"""

from tcpmodel.cli.app import main

__all__ = ["main"]
