"""Where models come from, and where they lie: the catalogue, the hub, downloads, the shelf."""
