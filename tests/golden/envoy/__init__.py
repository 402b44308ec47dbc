"""Golden files of the translation to Envoy."""
