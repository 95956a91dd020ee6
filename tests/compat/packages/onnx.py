"""Builds a model, checks it, infers its shapes, and reads it back."""

OLD = ["onnx==1.14.1", "protobuf==4.25.8", "numpy==1.26.4"]
NEW = ["onnx==1.19.1", "protobuf==6.33.0", "numpy==2.3.5"]
CODE = "C++ (pybind11)"

import onnx


def work():
    from onnx import TensorProto, checker, helper, numpy_helper, shape_inference
    import numpy as np

    value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 3])
    node = helper.make_node("MatMul", ["a", "w"], ["c"])
    weights = numpy_helper.from_array(np.ones((3, 4), "float32"), "w")
    out = helper.make_tensor_value_info("c", TensorProto.FLOAT, ["rows", "columns"])
    model = helper.make_model(helper.make_graph([node], "g", [value("a")], [out], [weights]))
    model.ir_version = 8
    checker.check_model(model)
    inferred = shape_inference.infer_shapes(model)
    try:
        checker.check_model(helper.make_model(helper.make_graph([helper.make_node("Nope", [], ["c"])], "g", [], [out])))
    except checker.ValidationError as error:
        wrong = type(error).__name__
    return [
        onnx.__version__,
        [d.dim_value or d.dim_param for d in inferred.graph.output[0].type.tensor_type.shape.dim],
        onnx.load_from_string(model.SerializeToString()).graph.node[0].op_type,
        wrong,
    ]
