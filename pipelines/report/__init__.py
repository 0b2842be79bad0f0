"""The report of a run: HTML and JSON from manifests and score datasets alone."""
