"""The bodies of answers, as `bodies.py` has those of requests: what a view adds to its records.

What the board shows is in `ground_station.shown`. Both stand in the OpenAPI as they are written.
"""
