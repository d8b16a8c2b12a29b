"""The hub API: an ASGI application, served by Ray Serve; it holds no state and asks the controller for everything."""
