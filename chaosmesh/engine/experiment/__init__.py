"""Experiments: a mesh in a test's hands, faults on it, load, and expectations with a verdict."""
