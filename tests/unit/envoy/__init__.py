"""Unit tests of the translation and the control plane."""
