"""The words everyone shares. Standard library only: nothing here reads, judges, sends or stores."""
