"""The steps of `publish`: thresholds, splits, decisions, shards, and the dataset card."""
