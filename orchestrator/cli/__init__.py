"""The commands of `python -m orchestrator`, by what they are for."""
