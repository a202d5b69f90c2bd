"""The rating app: pages for raters and for the study lead."""
