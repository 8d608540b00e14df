using System.Runtime.InteropServices;
using TokenFactory.Inference.Models;

namespace TokenFactory.Inference.Tests.Models;

/// <summary>Weights as they lie in a model's files, dequantized.</summary>
internal sealed class StoredWeights
{
    private const int Block = 32;

    private readonly string _folder;
    private readonly Dictionary<string, OnnxTensor> _tensors;
    private readonly Dictionary<string, float[]> _loaded = [];

    public StoredWeights(string graphPath)
    {
        _folder = Path.GetDirectoryName(graphPath)!;
        _tensors = OnnxReader.Read(graphPath).Graph.Weights;
    }

    public bool Has(string name) => _tensors.ContainsKey(name);

    public float[] Vector(string name)
    {
        if (!_loaded.TryGetValue(name, out float[]? values))
        {
            values = MemoryMarshal.Cast<byte, float>(Bytes(name)).ToArray();
            _loaded[name] = values;
        }

        return values;
    }

    /// <summary>A product's weights by row of output: [outer][inner].</summary>
    public float[] Rows(string name, int inner, int outer, int expert = -1)
    {
        string key = $"{name} rows {expert}";
        if (_loaded.TryGetValue(key, out float[]? rows))
        {
            return rows;
        }

        if (Has($"{name}.MatMul.weight"))
        {
            rows = new float[inner * outer];
            float[] columns = Vector($"{name}.MatMul.weight");
            for (int i = 0; i < inner; i++)
            {
                for (int o = 0; o < outer; o++)
                {
                    rows[(o * inner) + i] = columns[(i * outer) + o];
                }
            }
        }
        else if (Has($"{name}.weight"))
        {
            int size = inner * outer;
            rows = Vector($"{name}.weight").AsSpan(Math.Max(0, expert) * size, size).ToArray();
        }
        else
        {
            string stored = Has($"{name}.qweight") ? name : $"{name}.MatMulNBits";
            rows = Dequantize(Bytes($"{stored}.qweight"), Vector($"{stored}.scales"), inner, outer, Math.Max(0, expert));
        }

        _loaded[key] = rows;
        return rows;
    }

    private static float[] Dequantize(byte[] levels, float[] scales, int inner, int outer, int expert)
    {
        int blocks = (inner + Block - 1) / Block;
        bool four = levels.Length < scales.Length * Block;
        float[] rows = new float[inner * outer];
        for (int o = 0; o < outer; o++)
        {
            for (int i = 0; i < inner; i++)
            {
                int row = (expert * outer) + o;
                long at = ((long)row * blocks * Block) + i;
                int level = four ? (levels[at / 2] >> (int)(4 * (at % 2))) & 15 : levels[at];
                rows[(o * inner) + i] = (level - (four ? 8 : 128)) * scales[(row * blocks) + (i / Block)];
            }
        }

        return rows;
    }

    private byte[] Bytes(string name)
    {
        OnnxTensor tensor = _tensors[name];
        if (tensor.Location is null)
        {
            return tensor.Raw!;
        }

        using FileStream file = File.OpenRead(Path.Combine(_folder, tensor.Location));
        file.Position = tensor.Offset;
        byte[] bytes = new byte[tensor.Length!.Value];
        file.ReadExactly(bytes);
        return bytes;
    }
}
