"""The job at upload: faces of nobody in front, the originals sealed behind."""
