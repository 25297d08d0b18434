"""Every stage of training over one loop."""
