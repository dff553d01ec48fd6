"""Who, what, where, when: the operator's register, its files, its keys."""
