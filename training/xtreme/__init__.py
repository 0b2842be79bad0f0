"""XTREME (Hu et al. 2020): nine cross-lingual tasks, read, fine-tuned, predicted and scored as its project does it."""
