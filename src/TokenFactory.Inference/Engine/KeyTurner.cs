using System.Buffers.Binary;
using System.Numerics;
using Microsoft.ML.OnnxRuntime.Tensors;
using TokenFactory.Core;
using TokenFactory.Inference.Models;

namespace TokenFactory.Inference.Engine;

/// <summary>Moves what is cached in a slot to its beginning, and turns the keys back by the angle of the tokens that left.</summary>
/// <remarks>
/// A cached key of position p was turned by the angles of p. Turned by those of −n it is the key of p − n, so that the distances to later
/// queries, which count from the cache's length, stay as they were. Exact but for one rounding of the cache's type each time it is moved; in
/// 32-bit floats pairs are turned in vectors, other types and the rest one by one.
/// </remarks>
internal sealed unsafe class KeyTurner
{
    private readonly DecoderGraph _graph;
    private readonly int _tokens;
    private readonly (float[] Cos, float[] Sin)[] _angles;

    /// <summary>Reads the angles.</summary>
    /// <param name="graph">The graph, with its rotary tables.</param>
    /// <param name="tokens">Tokens that leave at a time.</param>
    public KeyTurner(DecoderGraph graph, int tokens)
    {
        _graph = graph;
        _tokens = tokens;
        Dictionary<RotaryTable, (float[], float[])> read = [];
        _angles = [.. graph.RotaryTables.Select(table =>
        {
            if (!read.TryGetValue(table, out (float[] Cos, float[] Sin) angles))
            {
                angles = (Row(table.CosPath, table.CosOffset, table, tokens), Row(table.SinPath, table.SinOffset, table, tokens));
                for (int i = 0; i < table.Pairs; i++)
                {
                    // Tables of stretched embeddings are scaled, and scaled the key already.
                    float scale = MathF.Sqrt((angles.Cos[i] * angles.Cos[i]) + (angles.Sin[i] * angles.Sin[i]));
                    angles.Cos[i] /= scale;
                    angles.Sin[i] /= scale;
                }

                read[table] = angles;
            }

            return angles;
        })];
    }

    /// <summary>Drops the oldest tokens of a slot.</summary>
    /// <param name="pool">The cache.</param>
    /// <param name="slot">The slot.</param>
    /// <param name="length">Tokens that it has.</param>
    public void Drop(KvPool pool, int slot, int length)
    {
        int stay = length - _tokens;
        int size = NativeBuffer.ElementSize(_graph.CacheType);
        for (int layer = 0; layer < _graph.Layers.Count; layer++)
        {
            LayerCache cache = _graph.Layers[layer];
            long tokenBytes = (long)cache.HeadSize * size;
            for (int head = 0; head < cache.KvHeads; head++)
            {
                byte* values = pool.Head(layer, value: true, slot, head);
                Buffer.MemoryCopy(values + (_tokens * tokenBytes), values, tokenBytes * stay, tokenBytes * stay);
                byte* keys = pool.Head(layer, value: false, slot, head);
                Buffer.MemoryCopy(keys + (_tokens * tokenBytes), keys, tokenBytes * stay, tokenBytes * stay);
                for (int token = 0; token < stay; token++)
                {
                    Turn(keys + (token * tokenBytes), _angles[layer].Cos, _angles[layer].Sin, _graph.RotaryTables[layer].Interleaved);
                }
            }
        }
    }

    private void Turn(byte* key, float[] cos, float[] sin, bool interleaved)
    {
        int pairs = cos.Length;
        int i = 0;
        if (_graph.CacheType == TensorElementType.Float && !interleaved)
        {
            i = TurnWide((float*)key, cos, sin);
        }

        for (; i < pairs; i++)
        {
            int first = interleaved ? 2 * i : i;
            int second = interleaved ? first + 1 : i + pairs;
            switch (_graph.CacheType)
            {
                case TensorElementType.Float:
                    float* wide = (float*)key;
                    (wide[first], wide[second]) = ((wide[first] * cos[i]) + (wide[second] * sin[i]), (wide[second] * cos[i]) - (wide[first] * sin[i]));
                    break;
                case TensorElementType.Float16:
                    Half* half = (Half*)key;
                    float a = (float)half[first];
                    float b = (float)half[second];
                    (half[first], half[second]) = ((Half)((a * cos[i]) + (b * sin[i])), (Half)((b * cos[i]) - (a * sin[i])));
                    break;
                default:
                    uint x = (uint)((ushort*)key)[first] << 16;
                    uint y = (uint)((ushort*)key)[second] << 16;
                    float u = BitConverter.UInt32BitsToSingle(x);
                    float v = BitConverter.UInt32BitsToSingle(y);
                    ((ushort*)key)[first] = Rounded((u * cos[i]) + (v * sin[i]));
                    ((ushort*)key)[second] = Rounded((v * cos[i]) - (u * sin[i]));
                    break;
            }
        }
    }

    // Whole vectors of halves; returns the pairs that it turned.
    private static int TurnWide(float* key, float[] cos, float[] sin)
    {
        int pairs = cos.Length;
        int i = 0;
        for (; i <= pairs - Vector<float>.Count; i += Vector<float>.Count)
        {
            var first = Vector.Load(key + i);
            var second = Vector.Load(key + pairs + i);
            var c = new Vector<float>(cos, i);
            var s = new Vector<float>(sin, i);
            ((first * c) + (second * s)).Store(key + i);
            ((second * c) - (first * s)).Store(key + pairs + i);
        }

        return i;
    }

    // To the nearest bfloat16, ties to even.
    private static ushort Rounded(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    private static float[] Row(string path, long offset, RotaryTable table, int row)
    {
        int size = table.Half ? 2 : 4;
        byte[] bytes = new byte[table.Pairs * size];
        try
        {
            using FileStream file = File.OpenRead(path);
            file.Position = offset + ((long)row * table.Pairs * size);
            file.ReadExactly(bytes);
        }
        catch (IOException e)
        {
            throw new TokenFactoryException("ModelNotLoadable", FailureKind.InvalidInput,
                $"The rotary tables in '{path}' can't be read: {e.Message} Check that the model's files are complete.", path, e);
        }

        float[] values = new float[table.Pairs];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = table.Half ? (float)BinaryPrimitives.ReadHalfLittleEndian(bytes.AsSpan(i * 2)) : BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(i * 4));
        }

        return values;
    }
}
