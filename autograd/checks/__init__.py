"""What finds mistakes: derivatives, the op contract, graphs, the first NaN."""
