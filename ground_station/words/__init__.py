"""Words before their release: versions, slots, typed text, and whether anybody hears them."""
