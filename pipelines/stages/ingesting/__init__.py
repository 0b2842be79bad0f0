"""The steps of `ingest`: records to paragraphs, and paragraphs to measured rows and documents."""
