"""Containers instead of processes. Nothing is loaded here: the client of Docker costs a tenth of a second."""
