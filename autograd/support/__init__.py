"""What everything else stands on, and what knows no Tensor: arguments, names, files, locks."""
