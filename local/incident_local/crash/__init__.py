"""The proof that every fault is undone, whatever is killed: the matrix of kills, and a scan that trusts nobody."""
