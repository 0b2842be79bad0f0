"""The steps of `mine`."""
