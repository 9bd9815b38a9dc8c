"""What compiled kernels are made of: LLVM IR, and functions that LLVM vectorises."""
