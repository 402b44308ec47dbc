"""Runs verifications and experiments on a running mesh, as a stream of typed events."""
