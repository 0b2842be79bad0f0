"""The steps of `annotate`: documents to scores, and columns joined by id."""
