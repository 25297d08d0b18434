"""From texts to vectors and ranked answers, with numpy, tokenizers and onnxruntime alone."""
