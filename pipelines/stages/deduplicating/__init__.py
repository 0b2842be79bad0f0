"""The steps of `deduplicate`: copies of rows and documents, then near duplicates."""
