"""The saliency panel."""
