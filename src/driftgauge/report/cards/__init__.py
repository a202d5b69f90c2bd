"""Release cards: what a study says of one release, on one page."""
