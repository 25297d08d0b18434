"""The vocabulary, and the corpus as token ids."""
