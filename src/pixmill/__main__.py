"""``python -m pixmill``."""

from pixmill.cli.program import main

if __name__ == "__main__":
    main()
