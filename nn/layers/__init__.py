"""The layers, by family. `nn` lists them: `nn.Linear`, `nn.Conv2d`, ..."""
