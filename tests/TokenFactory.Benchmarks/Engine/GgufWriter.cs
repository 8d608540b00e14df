using System.Text;
using TokenFactory.Inference.Onnx;

namespace TokenFactory.Benchmarks.Engine;

/// <summary>Writes a Llama of a shape with random weights as a GGUF file (version 3) in Q4_0: 32 weights in 18 bytes.</summary>
/// <remarks>Layout: the ggml project's documentation of GGUF.</remarks>
internal static class GgufWriter
{
    private const int Alignment = 32;
    private const int Float32 = 0;
    private const int Q4 = 2;
    private const int BlockWeights = 32;
    private const int BlockBytes = 18;

    /// <summary>Writes the file.</summary>
    /// <param name="path">Where.</param>
    /// <param name="shape">The shape.</param>
    /// <param name="vocabulary">Its vocabulary, as many entries as the shape says; null for none, with which only token ids can be sent.</param>
    public static void Write(string path, DecoderShape shape, GgufVocabulary? vocabulary = null)
    {
        var tensors = new List<(string Name, int[] Size, int Type)>
        {
            ("token_embd.weight", [shape.Hidden, shape.Vocabulary], Q4),
            ("output_norm.weight", [shape.Hidden], Float32),
            ("output.weight", [shape.Hidden, shape.Vocabulary], Q4),
        };
        int queries = shape.Heads * shape.HeadSize;
        int keys = shape.KvHeads * shape.HeadSize;
        for (int layer = 0; layer < shape.Layers; layer++)
        {
            string p = $"blk.{layer}.";
            tensors.AddRange(
            [
                (p + "attn_norm.weight", [shape.Hidden], Float32),
                (p + "attn_q.weight", [shape.Hidden, queries], Q4),
                (p + "attn_k.weight", [shape.Hidden, keys], Q4),
                (p + "attn_v.weight", [shape.Hidden, keys], Q4),
                (p + "attn_output.weight", [queries, shape.Hidden], Q4),
                (p + "ffn_norm.weight", [shape.Hidden], Float32),
                (p + "ffn_gate.weight", [shape.Hidden, shape.Intermediate], Q4),
                (p + "ffn_up.weight", [shape.Hidden, shape.Intermediate], Q4),
                (p + "ffn_down.weight", [shape.Intermediate, shape.Hidden], Q4),
            ]);
        }

        string temporary = path + ".tmp";
        using (var stream = new FileStream(temporary, FileMode.Create))
        using (var writer = new BinaryWriter(stream))
        {
            (string, object)[] facts =
            [
                ("general.architecture", "llama"), ("general.file_type", 2u), ("llama.context_length", (uint)shape.Context),
                ("llama.embedding_length", (uint)shape.Hidden), ("llama.block_count", (uint)shape.Layers), ("llama.feed_forward_length", (uint)shape.Intermediate),
                ("llama.attention.head_count", (uint)shape.Heads), ("llama.attention.head_count_kv", (uint)shape.KvHeads),
                ("llama.rope.dimension_count", (uint)shape.HeadSize), ("llama.attention.layer_norm_rms_epsilon", 1e-5f),
                ("llama.rope.freq_base", (float)shape.RopeTheta), ("llama.vocab_size", (uint)shape.Vocabulary),
                .. vocabulary?.Facts() ?? [("tokenizer.ggml.model", "no_vocab")],
            ];
            writer.Write("GGUF"u8);
            writer.Write(3u);
            writer.Write((ulong)tensors.Count);
            writer.Write((ulong)facts.Length);
            foreach ((string name, object value) in facts)
            {
                Text(writer, name);
                Value(writer, value);
            }

            long offset = 0;
            foreach ((string name, int[] size, int type) in tensors)
            {
                Text(writer, name);
                writer.Write((uint)size.Length);
                foreach (int dimension in size)
                {
                    writer.Write((ulong)dimension);
                }

                writer.Write((uint)type);
                writer.Write((ulong)offset);
                offset += Padded(Bytes(size, type));
            }

            Pad(stream);
            var random = new Random(1);
            foreach ((_, int[] size, int type) in tensors)
            {
                writer.Write(Data(size, type, random));
                Pad(stream);
            }
        }

        File.Move(temporary, path, overwrite: true);
    }

    private static void Value(BinaryWriter writer, object value)
    {
        switch (value)
        {
            case string text:
                writer.Write(8u);
                Text(writer, text);
                break;
            case float number:
                writer.Write(6u);
                writer.Write(number);
                break;
            case bool yes:
                writer.Write(7u);
                writer.Write(yes);
                break;
            case IReadOnlyList<string> texts:
                writer.Write(9u);
                writer.Write(8u);
                writer.Write((ulong)texts.Count);
                foreach (string text in texts)
                {
                    Text(writer, text);
                }

                break;
            case IReadOnlyList<int> numbers:
                writer.Write(9u);
                writer.Write(5u);
                writer.Write((ulong)numbers.Count);
                foreach (int number in numbers)
                {
                    writer.Write(number);
                }

                break;
            default:
                writer.Write(4u);
                writer.Write((uint)value);
                break;
        }
    }

    private static byte[] Data(int[] size, int type, Random random)
    {
        byte[] data = new byte[Bytes(size, type)];
        if (type == Float32)
        {
            for (int i = 0; i < size[0]; i++)
            {
                BitConverter.TryWriteBytes(data.AsSpan(i * 4), 1f);
            }

            return data;
        }

        random.NextBytes(data);
        Half scale = (Half)(0.25f / MathF.Sqrt(size[0]));
        for (int at = 0; at < data.Length; at += BlockBytes)
        {
            BitConverter.TryWriteBytes(data.AsSpan(at), scale);
        }

        return data;
    }

    private static long Bytes(int[] size, int type)
    {
        long count = size.Aggregate(1L, (product, dimension) => product * dimension);
        return type == Float32 ? count * 4 : count / BlockWeights * BlockBytes;
    }

    private static long Padded(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;

    private static void Pad(Stream stream) => stream.Write(new byte[Padded(stream.Position) - stream.Position]);

    private static void Text(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }
}
