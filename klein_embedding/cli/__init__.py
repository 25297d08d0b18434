"""The command line: one file a group of verbs, and no logic in any of them."""
