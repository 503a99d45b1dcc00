"""The learnt and the declared schema of a resource, and what a change of either means. `model` has the nouns."""
