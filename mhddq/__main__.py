"""``python -m mhddq``: the console command."""

import sys

from mhddq.cli import main

if __name__ == "__main__":
    sys.exit(main())
