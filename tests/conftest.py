"""What all tests share."""

from hypothesis import settings

# No example has a deadline: on a machine with other work a test that takes milliseconds can take a second.
settings.register_profile("ganprint", deadline=None)
settings.load_profile("ganprint")
