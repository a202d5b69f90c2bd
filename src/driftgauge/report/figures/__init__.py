"""Charts: plain rows in, static SVG out. The one home of Altair and vl-convert."""
