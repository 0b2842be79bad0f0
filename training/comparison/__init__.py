"""Encoders compared on what all their corpora hold out: masked-LM loss and retrieval, paired, with intervals."""
