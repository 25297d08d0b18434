"""The encoder, its start, and the way from hidden states to sentence vectors."""
