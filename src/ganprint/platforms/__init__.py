"""What the platforms of shared tasks hand in and show, as pure functions: no file is read or written here.

The contracts are told, with their sources, in docs/platforms.md.
"""
