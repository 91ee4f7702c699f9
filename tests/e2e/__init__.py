"""The deployed whole: the very package on MiniStack, roles enforced, reached as outsiders reach it."""
