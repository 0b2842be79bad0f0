"""The losses: masked language modelling (MMLM, TLM) and cross-lingual contrast (XLCO)."""
