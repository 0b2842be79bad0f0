"""The steps of `align`."""
