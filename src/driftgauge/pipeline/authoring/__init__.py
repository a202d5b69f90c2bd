"""Scenarios written in the app: drafts, reviews by a second person, and what of them goes into the next version."""
