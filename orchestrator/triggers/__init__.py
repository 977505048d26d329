"""What starts a run by itself: a time, a request from outside, something new at a service."""
