"""The stand-in: a real service that calls its backends through its sidecar and follows a plan per request."""
