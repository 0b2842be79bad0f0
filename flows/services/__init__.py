"""A server, a worker and what they need, on this machine: `make up` and `make down`."""
