"""The command line. Each command is one file, imported only when it is named: most of a cold start is imports."""
