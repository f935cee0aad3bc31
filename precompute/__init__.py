"""The job at upload: faces of nobody in front, the originals sealed behind."""

import os

# All matrices here are small: threads would wait for each other longer than they work. Numpy reads this when it is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
