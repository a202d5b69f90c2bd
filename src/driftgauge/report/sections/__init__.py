"""One module a section: rows of the view in, a `Section` out. A section without evidence says so in a sentence."""
