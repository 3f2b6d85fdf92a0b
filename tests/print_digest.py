"""What a model predicts, as a digest, in a process of its own: python print_digest.py FILE, a pickled LearnerEntry."""

import pickle
import sys
from pathlib import Path

from models.check_learner import digest

if __name__ == "__main__":
    print(digest(pickle.loads(Path(sys.argv[1]).read_bytes())))
