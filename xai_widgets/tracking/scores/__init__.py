"""Scores of instances: training dynamics, label errors, confusion."""
