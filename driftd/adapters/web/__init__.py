"""What the daemon's own surface proves of itself, and has proved of others: certificates and passwords."""
