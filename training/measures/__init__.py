"""What training shows of itself: speed, use of the machine, the contrast's space, retrieval on the way."""
