"""One aircraft: its link, its checks, its guardian, its voice and loudspeaker."""
