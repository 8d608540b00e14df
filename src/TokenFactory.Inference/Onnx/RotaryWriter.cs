using System.Runtime.InteropServices;

namespace TokenFactory.Inference.Onnx;

/// <summary>The rotary embedding from standard operators: angles from position ids, halves turned against each other.</summary>
internal sealed class RotaryWriter
{
    private readonly GraphWriter _graph;
    private readonly WeightEmitter _weights;
    private readonly DecoderShape _shape;
    private (string Cos, string Sin) _all;
    private (string Cos, string Sin) _local;

    /// <summary>Creates a writer.</summary>
    public RotaryWriter(GraphWriter graph, WeightEmitter weights, DecoderShape shape)
    {
        _graph = graph;
        _weights = weights;
        _shape = shape;
    }

    /// <summary>Adds the angles that all layers share.</summary>
    /// <param name="positions">Position ids, <c>[batch, sequence]</c>.</param>
    /// <param name="total">Tokens so far, a scalar.</param>
    public void Begin(string positions, string total)
    {
        string wide = _graph.Op("Unsqueeze", "/model/rotary/Unsqueeze/output",
            [_graph.Op("Cast", "/model/rotary/Cast/output", [positions], ("to", (int)OnnxType.Float)), _graph.Int64s("/model/third", 2)]);
        string frequencies;
        if (_shape.Family.OriginalContext is int original)
        {
            string longer = _graph.Op("Greater", "/model/rotary/Greater/output", [total, _graph.Int64("/model/rotary/original", original)]);
            frequencies = _graph.Op("Where", "/model/rotary/Where/output",
                [longer, Frequencies("_large", _shape.RopeTheta, RotaryCaches.Factors(_shape, true)), Frequencies("_small", _shape.RopeTheta, RotaryCaches.Factors(_shape, false))]);
        }
        else
        {
            frequencies = Frequencies("", _shape.RopeTheta);
        }

        _all = Angles("", wide, frequencies, RotaryCaches.Scale(_shape));
        if (_shape.Family.LocalRopeTheta is double local)
        {
            _local = Angles("_local", wide, Frequencies("_local", local), 1);
        }
    }

    /// <summary>Turns queries or keys, <c>[batch, heads, sequence, head size]</c>.</summary>
    public string Turn(string name, string input, int layer)
    {
        (string cos, string sin) = RotaryCaches.IsLocal(_shape, layer) ? _local : _all;
        int turned = _shape.RotarySize;
        string rest = "";
        if (turned < _shape.HeadSize)
        {
            rest = Slice($"{name}/rest", input, turned, _shape.HeadSize);
            input = Slice($"{name}/turned", input, 0, turned);
        }

        string low = Slice($"{name}/low", input, 0, turned / 2);
        string high = _graph.Op("Neg", $"{name}/Neg/output", [Slice($"{name}/high", input, turned / 2, turned)]);
        string crossed = _graph.Op("Concat", $"{name}/crossed", [high, low], ("axis", -1));
        string result = _graph.Op("Add", $"{name}/rotated", [_graph.Op("Mul", $"{name}/cos", [input, cos]), _graph.Op("Mul", $"{name}/sin", [crossed, sin])]);
        return rest.Length == 0 ? result : _graph.Op("Concat", $"{name}/whole", [result, rest], ("axis", -1));
    }

    private string Slice(string name, string input, int from, int to) =>
        _graph.Op("Slice", name, [input, _graph.Int64s($"/model/rotary/at_{from}", from), _graph.Int64s($"/model/rotary/at_{to}", to), _graph.Int64s("/model/last", -1)]);

    private string Frequencies(string suffix, double theta, double[]? factors = null)
    {
        float[] values = [.. RotaryCaches.Frequencies(_shape, theta, factors).Select(f => (float)f)];
        return _graph.Weight($"model.rotary_emb{suffix}.inv_freq", OnnxType.Float, [values.Length], MemoryMarshal.AsBytes<float>(values));
    }

    private (string Cos, string Sin) Angles(string suffix, string positions, string frequencies, float scale)
    {
        string name = $"/model/rotary{suffix}";
        string angles = _graph.Op("Mul", $"{name}/angles", [positions, frequencies]);
        string both = _graph.Op("Unsqueeze", $"{name}/both", [_graph.Op("Concat", $"{name}/Concat/output", [angles, angles], ("axis", -1)), _graph.Int64s("/model/second", 1)]);
        return (Table("Cos"), Table("Sin"));

        string Table(string op)
        {
            string table = _graph.Op(op, $"{name}/{op}/output", [both]);
            if (scale != 1)
            {
                table = _graph.Op("Mul", $"{name}/{op}/scaled", [table, _graph.Weight($"{name}/scale", OnnxType.Float, [], MemoryMarshal.AsBytes<float>([scale]))]);
            }

            return _weights.ActivationType == OnnxType.Float16 ? _graph.Op("Cast", $"{name}/{op}/half", [table], ("to", (int)OnnxType.Float16)) : table;
        }
    }
}
