"""The gallery: workflows to start from, each a bundle in the folder `gallery/`."""
