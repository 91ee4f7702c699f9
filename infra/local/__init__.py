"""The local cloud: MiniStack and the sandbox on loopback, with the very package that the real cloud gets."""
