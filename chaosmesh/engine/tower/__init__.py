"""The control tower of a mesh that runs: what is seen of it, what can be done to it, and what became of it.

`Tower` is the library; `chaosmesh.web` serves it to browsers.
"""
