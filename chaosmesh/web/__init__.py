"""What people look at while a mesh runs: the control tower and the tabs in Locust's web UI."""
