"""Where to fly: the grid register, boundary patrols, their checks and files, the runner."""
