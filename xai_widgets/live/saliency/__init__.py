"""Saliency jobs of a panel: requests, preparation, throttling."""
