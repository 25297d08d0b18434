"""A model behind HTTP: OpenAI's and text-embeddings-inference's requests, search, a page."""
