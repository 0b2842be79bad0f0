"""Input formats, one module each: bytes to RecordBatches behind one protocol (`pipelines.formats.protocol`)."""
