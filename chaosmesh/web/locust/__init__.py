"""Locust's own web UI with the mesh in it. Runs in Locust's process, so nothing here may import asyncio or gRPC."""
