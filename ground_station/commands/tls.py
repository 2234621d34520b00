"""`gridpatrol tls`: a certificate for the station, from an authority of the squad's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ground_station.people.certificates import CA_CERT, CA_KEY, CERT, KEY, make_certificate
from patrol.clock import SystemClock


def tls(out: Path, hosts: Sequence[str]) -> int:
    """Write the files and say what to do with each."""
    made = make_certificate(out, hosts, now=SystemClock().now_utc())
    names = ", ".join(f'"{host}"' for host in hosts)
    print(f"written to {made.folder}, good until {made.ends_utc:%Y-%m-%d}:")
    print(f"  {CERT}, {KEY}   for the station's settings file:")
    print(f"      names = [{names}]")
    print("      [tls]")
    print(f'      cert_file = "{made.folder / CERT}"')
    print(f'      key_file = "{made.folder / KEY}"')
    print(f"  {CA_CERT}   to be installed on every tablet as an authority it trusts")
    print(f"      SHA-256 {made.fingerprint}")
    print(f"  {CA_KEY}   keep it away from the field: who has it can pose as this station")
    return 0
