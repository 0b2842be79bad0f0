"""Finding copies: plain functions over arrays of hashes. What is kept is decided when a corpus is published."""
