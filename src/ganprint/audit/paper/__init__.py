"""The paper under the lens: its table, its findings, its numbers."""
