"""The words every room speaks: places, clocks, telemetry, plans, sightings."""
