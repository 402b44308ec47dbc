"""Figures of this project as ratios inside one run: `python -m benchmarks [NAME…]`."""
