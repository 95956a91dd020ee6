"""Runs a model that is built here and compares what comes out."""

OLD = ["onnxruntime==1.17.3", "numpy==1.26.4", "onnx==1.16.2", "protobuf==4.25.8"]
NEW = ["onnxruntime==1.23.2", "numpy==2.3.5", "onnx==1.19.1", "protobuf==6.33.0"]
CODE = "C++ (pybind11)"

import numpy as np
import onnxruntime


def work():
    from onnx import TensorProto, helper

    value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 2])
    nodes = [helper.make_node("MatMul", ["a", "b"], ["m"]), helper.make_node("Relu", ["m"], ["c"])]
    graph = helper.make_graph(nodes, "g", [value("a"), value("b")], [value("c")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    one = np.array([[1, -2], [3, 4]], "float32")
    return [
        onnxruntime.__version__,
        session.run(None, {"a": one, "b": one})[0].tolist(),
        [item.name for item in session.get_inputs()],
        onnxruntime.get_available_providers()[-1],
    ]
