"""Rating: scales, assignment, blinding, judges, and ratings in and out."""
