"""XTREME's metrics as its evaluate.py computes them, in percent."""
