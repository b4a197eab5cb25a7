"""`python -m nnfs_cli` is the `nnfs` command."""

from nnfs_cli.cli.app import main

if __name__ == "__main__":
    main()
