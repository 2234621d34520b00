"""What announcements changed, over many of them: shares with intervals, never one count."""
