using TokenFactory.Inference.Onnx;

namespace TokenFactory.Inference.Tests.Models;

/// <summary>
/// A decoder's forward pass in plain loops, written from the families' published descriptions and sharing nothing with the graph writer but the
/// names of weights. Sums are doubles; one token at a time.
/// </summary>
internal sealed class ReferenceDecoder
{
    private readonly DecoderShape _shape;
    private readonly StoredWeights _weights;
    private readonly List<double[]>[] _keys;
    private readonly List<double[]>[] _values;
    private readonly string _attention;

    public ReferenceDecoder(DecoderShape shape, string graphPath)
    {
        _shape = shape;
        _weights = new StoredWeights(graphPath);
        _keys = [.. Enumerable.Range(0, shape.Layers).Select(_ => new List<double[]>())];
        _values = [.. Enumerable.Range(0, shape.Layers).Select(_ => new List<double[]>())];
        _attention = _weights.Has("model.layers.0.self_attn.o_proj.MatMul.weight") || _weights.Has("model.layers.0.self_attn.o_proj.MatMulNBits.qweight") ? "self_attn" : "attn";
    }

    /// <summary>Appends tokens and returns the logits of each.</summary>
    public double[][] Step(params int[] tokens)
    {
        int past = _keys[0].Count;
        bool longer = _shape.Family.OriginalContext is int original && past + tokens.Length > original;
        return [.. tokens.Select((token, i) => Forward(token, past + i, longer))];
    }

    private double[] Forward(int token, int position, bool longer)
    {
        DecoderFamily family = _shape.Family;
        int hidden = _shape.Hidden;
        float[] table = _weights.Has("model.embed_tokens.weight") ? _weights.Vector("model.embed_tokens.weight") : _weights.Rows("lm_head", hidden, _shape.Vocabulary);
        double[] x = new double[hidden];
        for (int i = 0; i < hidden; i++)
        {
            x[i] = table[(token * hidden) + i] * (family.ScaledEmbeddings ? Math.Sqrt(hidden) : 1);
        }

        for (int layer = 0; layer < _shape.Layers; layer++)
        {
            string p = $"model.layers.{layer}";
            double[] attended = Attend(layer, Norm(x, $"{p}.input_layernorm.weight"), position, longer);
            if (family.SandwichNorms)
            {
                AddTo(x, Norm(attended, $"{p}.post_attention_layernorm.weight"));
                AddTo(x, Norm(FeedForward(layer, Norm(x, $"{p}.pre_feedforward_layernorm.weight")), $"{p}.post_feedforward_layernorm.weight"));
            }
            else
            {
                AddTo(x, attended);
                AddTo(x, FeedForward(layer, Norm(x, $"{p}.post_attention_layernorm.weight")));
            }
        }

        double[] final = Norm(x, "model.norm.weight");
        float[] head = _shape.TiedEmbeddings ? table : _weights.Rows("lm_head", hidden, _shape.Vocabulary);
        double[] logits = Product(final, head, _shape.Vocabulary);
        return family.LogitSoftcap is double cap ? [.. logits.Select(l => cap * Math.Tanh(l / cap))] : logits;
    }

    private double[] Attend(int layer, double[] x, int position, bool longer)
    {
        DecoderFamily family = _shape.Family;
        string p = $"model.layers.{layer}.{_attention}";
        int size = _shape.HeadSize, heads = _shape.Heads, kvHeads = _shape.KvHeads;
        double[] q, k, v;
        if (_weights.Has($"{p}.qkv_proj.MatMul.weight") || _weights.Has($"{p}.qkv_proj.MatMulNBits.qweight"))
        {
            double[] all = Projected($"{p}.qkv_proj", x, (heads + (2 * kvHeads)) * size);
            q = all[..(heads * size)];
            k = all[(heads * size)..((heads + kvHeads) * size)];
            v = all[((heads + kvHeads) * size)..];
        }
        else
        {
            q = Projected($"{p}.q_proj", x, heads * size);
            k = Projected($"{p}.k_proj", x, kvHeads * size);
            v = Projected($"{p}.v_proj", x, kvHeads * size);
        }

        if (family.QkNorm)
        {
            q = [.. q.Chunk(size).SelectMany(h => Norm(h, $"{p}.q_norm.layernorm.weight"))];
            k = [.. k.Chunk(size).SelectMany(h => Norm(h, $"{p}.k_norm.layernorm.weight"))];
        }

        bool slides = family.Slides(layer);
        Rotate(q, heads, position, slides, longer);
        Rotate(k, kvHeads, position, slides, longer);
        _keys[layer].Add(k);
        _values[layer].Add(v);
        int first = slides ? Math.Max(0, position - family.SlidingWindow!.Value + 1) : 0;
        double scale = family.AttentionScale ?? 1 / Math.Sqrt(size);
        double[] output = new double[heads * size];
        for (int h = 0; h < heads; h++)
        {
            int kv = h / (heads / kvHeads) * size;
            List<double> scores = [];
            for (int j = first; j <= position; j++)
            {
                double dot = 0;
                for (int i = 0; i < size; i++)
                {
                    dot += q[(h * size) + i] * _keys[layer][j][kv + i];
                }

                dot *= scale;
                scores.Add(family.AttentionSoftcap is double cap ? cap * Math.Tanh(dot / cap) : dot);
            }

            double sum = scores.Sum(Math.Exp);
            if (family.AttentionSinks)
            {
                sum += Math.Exp(_weights.Vector($"{p}.sinks")[h]);
            }

            for (int j = first; j <= position; j++)
            {
                double share = Math.Exp(scores[j - first]) / sum;
                for (int i = 0; i < size; i++)
                {
                    output[(h * size) + i] += share * _values[layer][j][kv + i];
                }
            }
        }

        return Projected($"{p}.o_proj", output, _shape.Hidden);
    }

    private void Rotate(double[] vector, int heads, int position, bool slides, bool longer)
    {
        DecoderFamily family = _shape.Family;
        int turned = (int)(_shape.HeadSize * family.RotaryFraction);
        int half = turned / 2;
        double theta = slides && family.LocalRopeTheta is double local ? local : _shape.RopeTheta;
        double magnitude = family.OriginalContext is int original ? Math.Sqrt(1 + (Math.Log((double)_shape.Context / original) / Math.Log(original))) : 1;
        for (int i = 0; i < half; i++)
        {
            double factor = 1;
            if (family.OriginalContext is int trained)
            {
                double top = longer ? (double)_shape.Context / trained : 1.5;
                factor = 1 + ((top - 1) * i / (half - 1));
            }

            double angle = position / (factor * Math.Pow(theta, 2.0 * i / turned));
            double cos = Math.Cos(angle) * magnitude, sin = Math.Sin(angle) * magnitude;
            for (int h = 0; h < heads; h++)
            {
                int a = (h * _shape.HeadSize) + i, b = a + half;
                (vector[a], vector[b]) = ((vector[a] * cos) - (vector[b] * sin), (vector[b] * cos) + (vector[a] * sin));
            }
        }
    }

    private double[] FeedForward(int layer, double[] x)
    {
        string p = $"model.layers.{layer}";
        if (_shape.Family.Experts > 0)
        {
            return Experts($"{p}.moe", x);
        }

        int inner = _shape.Intermediate;
        double[] gate = Projected($"{p}.mlp.gate_proj", x, inner), up = Projected($"{p}.mlp.up_proj", x, inner);
        for (int i = 0; i < inner; i++)
        {
            double g = gate[i];
            gate[i] = up[i] * (_shape.Family.Activation == GateActivation.Silu ? g / (1 + Math.Exp(-g))
                : 0.5 * g * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (g + (0.044715 * g * g * g)))));
        }

        return Projected($"{p}.mlp.down_proj", gate, _shape.Hidden);
    }

    private double[] Experts(string p, double[] x)
    {
        int hidden = _shape.Hidden, inner = _shape.Intermediate, experts = _shape.Family.Experts;
        double[] scores = Product(x, _weights.Rows($"{p}.router", hidden, experts), experts);
        AddTo(scores, _weights.Vector($"{p}.router.Add.bias"));
        int[] chosen = [.. Enumerable.Range(0, experts).OrderByDescending(e => scores[e]).Take(_shape.Family.ExpertsPerToken)];
        double sum = chosen.Sum(e => Math.Exp(scores[e]));
        double[] output = new double[hidden];
        bool packed = _weights.Has($"{p}.experts.gate_up_proj.bias");
        foreach (int e in chosen)
        {
            string name = packed ? $"{p}.experts" : $"{p}.experts.{e}";
            double[] both = Product(x, _weights.Rows($"{name}.gate_up_proj", hidden, 2 * inner, packed ? e : -1), 2 * inner);
            AddTo(both, Part($"{name}.gate_up_proj.bias", 2 * inner, packed ? e : 0));
            double[] gated = new double[inner];
            for (int i = 0; i < inner; i++)
            {
                double gate = Math.Min(both[2 * i], 7), up = Math.Clamp(both[(2 * i) + 1], -7, 7);
                gated[i] = gate / (1 + Math.Exp(-1.702 * gate)) * (up + 1);
            }

            double[] down = Product(gated, _weights.Rows($"{name}.down_proj", inner, hidden, packed ? e : -1), hidden);
            AddTo(down, Part($"{name}.down_proj.bias", hidden, packed ? e : 0));
            for (int i = 0; i < hidden; i++)
            {
                output[i] += Math.Exp(scores[e]) / sum * down[i];
            }
        }

        return output;
    }

    private float[] Part(string name, int length, int index) => _weights.Vector(name)[(index * length)..((index + 1) * length)];

    private double[] Projected(string name, double[] x, int outer)
    {
        double[] result = Product(x, _weights.Rows(name, x.Length, outer), outer);
        if (_weights.Has($"{name}.Add.bias"))
        {
            AddTo(result, _weights.Vector($"{name}.Add.bias"));
        }

        return result;
    }

    private static double[] Product(double[] x, float[] rows, int outer)
    {
        double[] result = new double[outer];
        for (int o = 0; o < outer; o++)
        {
            for (int i = 0; i < x.Length; i++)
            {
                result[o] += x[i] * rows[(o * x.Length) + i];
            }
        }

        return result;
    }

    private double[] Norm(double[] x, string weight)
    {
        float[] w = _weights.Vector(weight);
        double root = Math.Sqrt((x.Sum(v => v * v) / x.Length) + _shape.NormEpsilon);
        return [.. x.Select((v, i) => v / root * w[i])];
    }

    private static void AddTo(double[] x, double[] y)
    {
        for (int i = 0; i < x.Length; i++)
        {
            x[i] += y[i];
        }
    }

    private static void AddTo(double[] x, float[] y)
    {
        for (int i = 0; i < x.Length; i++)
        {
            x[i] += y[i];
        }
    }
}
