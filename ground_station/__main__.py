"""`python -m ground_station` is the command `gridpatrol`."""

from ground_station.cli import main

main()
