"""From token shards to batches. Every choice is a pure function of seed and position."""
