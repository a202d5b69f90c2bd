"""The store of a study: what was rated, by whom, about which responses, and who added it when. All SQL is here.

SQLite by default, PostgreSQL for a team, one database a study, the same tables in both. Ratings and responses are only ever
added: a correction is a further revision, an erasure by right empties the values and leaves a tombstone, and the database
itself refuses anything else.
"""
