"""The contract that every stage keeps: what a dataset is, how it comes to exist, and what its manifest says.

This package knows no other part of Polyloom and needs nothing heavier than pyarrow and pydantic.
"""
