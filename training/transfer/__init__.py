"""Zero-shot transfer at the size of a desk: two tasks learnt from English, and what an encoder adds to a control."""
