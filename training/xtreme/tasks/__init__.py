"""The nine tasks of XTREME: which files each has, and what is in them."""
