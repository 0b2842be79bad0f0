"""The steps of `remove`: which rows are meant, and the files without them."""
