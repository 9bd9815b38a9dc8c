"""What other libraries ask for, so that they take Tensors."""
