"""What leaves the house: GeoJSON, tables for offices, reports, and the files of a sortie."""
