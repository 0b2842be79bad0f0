"""Corpora: from raw files to training-ready Arrow shards, in stages that Apache Beam runs."""
