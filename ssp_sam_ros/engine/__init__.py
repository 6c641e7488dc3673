"""What answers: the network that a node's parameters name, loaded and warmed up.

Serves both adapters, `dds` and `ros`; knows neither. PyTorch is imported inside functions only.
"""
