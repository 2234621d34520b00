"""What is seen: video in, the detector, people placed, crowd rules, effect."""
