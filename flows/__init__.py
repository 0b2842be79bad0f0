"""Schedules: Prefect flows that run the stages as subprocesses and add retries, progress and events."""
