"""The steps of `tokenize`: a model that is given, and the counts of what was encoded."""
