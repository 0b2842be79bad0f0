"""BUCC 2018 and Tatoeba: translations are found by sentence vectors, and nothing is fine-tuned."""
