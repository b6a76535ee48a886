"""A submission to the state, and the state's answer to an outcome. It judges nothing, and no redirect moves it."""
