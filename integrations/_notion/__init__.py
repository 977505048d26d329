"""The parts of the Notion connector. `integrations/notion.py` is its face."""
