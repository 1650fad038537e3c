"""Chapters: executed with papermill, compared with nbval, committed without outputs."""
