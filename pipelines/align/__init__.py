"""Finding translations of each other: plain functions over arrays."""
