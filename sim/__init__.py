"""A simulated aircraft and its world, reached over UDP, RTSP and HTTP only."""
