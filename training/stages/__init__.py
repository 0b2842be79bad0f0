"""The stages of training: each module has `run(job) -> Outcome`."""
