"""``python -m placement_bench`` is the command `placement-bench`."""

from placement_bench.cli import main

if __name__ == "__main__":
    main()
