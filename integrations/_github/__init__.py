"""The parts of the GitHub connector. `integrations/github.py` is its face."""
