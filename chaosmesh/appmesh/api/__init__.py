"""The App Mesh API: all 38 operations over HTTP, for the AWS CLI, boto3 and whatever else speaks it.

`Store` holds the meshes and knows nothing of HTTP; `Service` answers calls and lets a `Publisher` put every
change in force before the answer goes out.
"""

from chaosmesh.appmesh.api.failures import ApiError
from chaosmesh.appmesh.api.operations import Call
from chaosmesh.appmesh.api.records import Account, Quotas
from chaosmesh.appmesh.api.service import Publisher, Service
from chaosmesh.appmesh.api.store import Store, running

__all__ = ["Account", "ApiError", "Call", "Publisher", "Quotas", "Service", "Store", "running"]
