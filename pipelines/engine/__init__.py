"""Where the tasks of a stage are done: on this machine, or by Beam on any of its runners.

Beam is imported only where it is used, since that takes a second and memory in every process. What a stage does is the
same everywhere, and so are the bytes that come out.
"""
