"""What records and replays: `Tensor`, `@op`, nodes, the backward pass, and what they need."""
