"""Homework of a class: one zip per student in, marks and feedback out, nothing of it trusted."""
