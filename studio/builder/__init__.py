"""The Builder: a workflow's draft on the canvas, the form of the chosen step, its problems, its text."""
