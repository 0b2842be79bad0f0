"""Output formats, one module each: the documents of a published corpus as others read them."""
