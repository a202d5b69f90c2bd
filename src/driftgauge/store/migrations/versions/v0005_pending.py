"""Nothing: the number is of another branch. Whoever merges both removes this file and keeps the 0005 of that branch."""

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Change nothing."""
