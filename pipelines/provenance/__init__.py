"""Where a published row comes from, and what became of a raw line: read from datasets, with no stage run again."""
