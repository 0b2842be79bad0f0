"""Cross-lingual retrieval: pools, systems, scores and their intervals."""
