"""chaosmesh: does this service-mesh policy do what its owner intends when things break?"""
