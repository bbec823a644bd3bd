"""Making policies: graphs, training, proof of parity."""
