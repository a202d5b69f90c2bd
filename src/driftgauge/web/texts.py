"""What a study tells its raters, and where it says nothing, what is said instead."""

TODO = 1
