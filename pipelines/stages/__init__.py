"""The corpus stages. Each module's `run` reads as a table of contents; Beam is a thin layer in them."""
