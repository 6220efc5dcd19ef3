"""Explain a prediction: saliency, occlusion, a plane to draw states in, and other starts."""
