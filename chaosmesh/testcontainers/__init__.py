"""Meshes, sidecars and Toxiproxy in the manner of Testcontainers, for tests without the fixture `mesh`.

::

    with MeshContainer("mesh/").with_container("weather", DockerContainer("my-weather")) as mesh:
        requests.get(mesh.get_entry_url())
"""

from chaosmesh.testcontainers.mesh import Mesh, MeshContainer
from chaosmesh.testcontainers.sidecar import SidecarContainer
from chaosmesh.testcontainers.toxiproxy import ToxiProxy, ToxiproxyContainer

__all__ = ["Mesh", "MeshContainer", "SidecarContainer", "ToxiProxy", "ToxiproxyContainer"]
