"""Plans in the forms of other programs: QGroundControl's `.plan`, GeoJSON and KML."""
