"""Estimators of expectations and path integrals of gradients, each with its error."""
