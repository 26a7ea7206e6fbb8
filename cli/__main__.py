"""`python -m xalign.cli`, for where the installed command is not on the path."""

from xalign.cli import main

main()
