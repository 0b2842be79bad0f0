"""xTune: fine-tuning that is consistent over augmented examples and with an earlier model (Zheng et al. 2021)."""
