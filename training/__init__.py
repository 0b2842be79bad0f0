"""Pretraining, export and evaluation of a cross-lingual encoder. Of `pipelines` it knows `datasets` alone."""
