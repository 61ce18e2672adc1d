"""`python -m zipread`, for where the command itself is not on the path."""

from zipread.cli import main

if __name__ == "__main__":
    main()
