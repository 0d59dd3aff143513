"""Rows that are evaluated: layouts, baselines, noise, blur."""
