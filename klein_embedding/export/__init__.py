"""From weights to a model folder that other people's software loads."""
