using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using TokenFactory.Inference.Text;

namespace TokenFactory.Benchmarks;

/// <summary>Encoding one megabyte of text, beside Hugging Face's Rust library (Tokenizers.DotNet), alternating in one process.</summary>
/// <remarks>Every round has a text of its own, so that nothing but words is remembered. Ids are compared before they are timed.</remarks>
internal static class TokenizerBenchmark
{
    private const int TextBytes = 1 << 20;
    private const int Rounds = 5;

    /// <summary>Prints <c>ratio tokenizer/oracle VOCABULARY VALUE (min … max)</c>, ours ÷ theirs in characters per second.</summary>
    /// <param name="output">Where to.</param>
    public static void Run(TextWriter output)
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            output.WriteLine("skipped tokenizer: the oracle's native library is served for linux-x64 only");
            return;
        }

        (string Name, string File)[] vocabularies = Vocabularies();
        if (vocabularies.Length == 0)
        {
            output.WriteLine("skipped tokenizer: no vocabularies; set TOKENFACTORY_TESTDATA to the reference data");
        }

        foreach ((string name, string file) in vocabularies)
        {
            RunOne(output, name, file);
        }
    }

    private static void RunOne(TextWriter output, string name, string file)
    {
        string plain = Path.Combine(Path.GetTempPath(), $"tokenizer-{Guid.NewGuid():N}.json");
        try
        {
            using (var source = new GZipStream(File.OpenRead(file), CompressionMode.Decompress))
            using (FileStream target = File.Create(plain))
            {
                source.CopyTo(target);
            }

            Tokenizer ours = Tokenizer.Load(plain);
            var theirs = new Tokenizers.DotNet.Tokenizer(plain);
            string warm = Text(1);
            if (!ours.EncodeToIds(warm).SequenceEqual(theirs.Encode(warm).Select(id => (int)id)))
            {
                throw new InvalidOperationException($"The ids of {name} differ from the oracle's.");
            }

            double[] ratios = new double[Rounds];
            double[] seconds = new double[Rounds];
            for (int round = 0; round < Rounds; round++)
            {
                string text = Text(round + 2);
                bool oursFirst = round % 2 == 0;
                double first = Time(() => _ = oursFirst ? ours.EncodeToIds(text).Length : theirs.Encode(text).Length);
                double second = Time(() => _ = oursFirst ? theirs.Encode(text).Length : ours.EncodeToIds(text).Length);
                ratios[round] = oursFirst ? second / first : first / second;
                seconds[round] = oursFirst ? first : second;
            }

            Array.Sort(ratios);
            Array.Sort(seconds);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"ratio tokenizer/oracle {name} {ratios[Rounds / 2]:F2} ({ratios[0]:F2} … {ratios[^1]:F2})"));
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {name}: {TextBytes / seconds[Rounds / 2] / 1e6:F1} MB/s"));
        }
        finally
        {
            File.Delete(plain);
        }
    }

    private static double Time(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static (string Name, string File)[] Vocabularies()
    {
        string? root = Environment.GetEnvironmentVariable("TOKENFACTORY_TESTDATA");
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); string.IsNullOrEmpty(root) && folder is not null; folder = folder.Parent)
        {
            root = File.Exists(Path.Combine(folder.FullName, "TokenFactory.Tools.sln")) ? Path.Combine(folder.FullName, "..", "shared", "data") : null;
        }

        string tokenizers = Path.Combine(root ?? ".", "tokenizers");
        return !Directory.Exists(tokenizers) ? []
            : [.. Directory.GetFiles(tokenizers, "tokenizer.json.gz", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
                .Select(f => (Path.GetFileName(Path.GetDirectoryName(f))!, f))];
    }

    // Words by Zipf's law, sentences, paragraphs, numbers, a little code and Chinese: what prompts are made of.
    private static string Text(int seed)
    {
        var random = new Random(seed);
        string[] words = Words();
        var text = new StringBuilder(TextBytes + 200);
        while (text.Length < TextBytes)
        {
            int length = random.Next(4, 24);
            for (int i = 0; i < length; i++)
            {
                string word = words[(int)(Math.Pow(words.Length, random.NextDouble()) - 1)];
                text.Append(i == 0 ? char.ToUpperInvariant(word[0]) + word[1..] : word);
                text.Append(random.Next(30) switch { 0 => ", ", 1 => "'s ", 2 => $" {random.Next(10_000)} ", _ => " " });
            }

            text.Append(random.Next(12) switch
            {
                0 => ".\n\n",
                1 => ":\n    for (int i = 0; i < n; i++) { total += values[i]; }\n",
                2 => "。今天天气很好，我们去公园散步吧。\n",
                3 => "?\r\n",
                _ => ". ",
            });
        }

        return text.ToString(0, TextBytes);
    }

    private static string[] Words()
    {
        var random = new Random(20260115);
        string[] parts = ["th", "e", "an", "in", "er", "on", "re", "st", "en", "at", "or", "ti", "al", "ing", "ed", "it", "co", "de", "ra", "ly", "ment", "pro", "ca", "so", "u"];
        return [.. Enumerable.Range(0, 20_000).Select(rank => string.Concat(Enumerable.Range(0, 1 + random.Next(rank < 200 ? 2 : 5)).Select(_ => parts[random.Next(parts.Length)])))];
    }
}
