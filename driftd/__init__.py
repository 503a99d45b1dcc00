"""driftd: notices first when a customer's Sage X3 tenant changes."""

__version__ = "0.1.0"
