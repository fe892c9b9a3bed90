"""qwenlock: the model configuration of Qwen Code, made reproducible, upgradable and safe."""

__version__ = "0.1.0"
