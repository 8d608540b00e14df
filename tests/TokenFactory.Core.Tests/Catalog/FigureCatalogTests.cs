using System.Globalization;
using System.Text.Json;
using TokenFactory.Core.Catalog;
using TokenFactory.Core.Definitions;
using TokenFactory.Core.Models;
using TokenFactory.TestSupport;
using Xunit;

namespace TokenFactory.Core.Tests.Catalog;

public sealed class FigureCatalogTests
{
    private static readonly FigureCatalog s_catalog = FigureCatalog.BuiltIn;

    [Theory]
    [InlineData("H200", "H200 SXM")]
    [InlineData("h200 sxm", "H200 SXM")]
    [InlineData("GB300", "GB300 NVL72")]
    [InlineData("VR200", "Vera Rubin NVL72")]
    [InlineData("H800", "H800 SXM")]
    [InlineData("mi355x", "MI355X")]
    public void Accelerators_are_found_by_alias_in_any_case(string name, string expected) => Assert.Equal(expected, s_catalog.FindAccelerator(name)?.Name);

    [Fact]
    public void DeepSeek_R1_has_V3s_shape() => Assert.Same(s_catalog.FindArchitecture("deepseek-v3"), s_catalog.FindArchitecture("DeepSeek-R1"));

    [Theory]
    [InlineData("NVIDIA H100 80GB HBM3", "H100 SXM")]
    [InlineData("NVIDIA H100 PCIe", "H100 PCIe")]
    [InlineData("NVIDIA A100-SXM4-80GB", "A100 SXM 80")]
    [InlineData("NVIDIA A100-PCIE-80GB", "A100 PCIe 80")]
    [InlineData("NVIDIA H200", "H200 SXM")]
    [InlineData("NVIDIA GB200", "GB200 NVL72")]
    [InlineData("NVIDIA L4", "L4")]
    [InlineData("NVIDIA L40S", "L40S")]
    [InlineData("AMD Instinct MI300X", "MI300X")]
    [InlineData("NVIDIA RTX PRO 6000 Blackwell Server Edition", "RTX PRO 6000 Server")]
    [InlineData("NVIDIA GeForce RTX 4090", null)]
    [InlineData("", null)]
    public void A_drivers_name_finds_the_accelerator(string device, string? expected) => Assert.Equal(expected, s_catalog.MatchDevice(device)?.Name);

    [Fact]
    public void Every_figure_has_a_source()
    {
        Assert.All(s_catalog.Accelerators, a => Assert.True(a.Sources.ContainsKey("*") && (a.AllInPowerWatts is null || a.Sources.ContainsKey("allInPower")) && (a.RatesPerHourUsd.Count == 0 || a.Sources.ContainsKey("rates")), a.Name));
        Assert.All(s_catalog.Architectures, a => Assert.True(a.Sources.ContainsKey("*") && a.Sources.ContainsKey("parameters"), a.Name));
        Assert.All(s_catalog.Workloads, w => Assert.False(string.IsNullOrEmpty(w.SourceDetail), w.Name));
        Assert.Contains("8.0 TB/s", s_catalog.FindAccelerator("B200")!.Sources["bandwidth"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("H100", 80e9, 3.35e12, 989e12, 700, 1730, 1.30)]
    [InlineData("GB300", 278e9, 8e12, 2500e12, 1400, 2100, 3.96)]
    [InlineData("MI325X", 256e9, 6e12, 1307e12, 1000, 2180, 1.80)]
    public void Figures_are_the_published_ones(string name, double memory, double bandwidth, double bf16, double watts, double allIn, double rent)
    {
        AcceleratorSpecification a = s_catalog.FindAccelerator(name)!;
        Assert.Equal((memory, bandwidth, bf16, watts, allIn, rent),
            (a.MemoryBytes, a.MemoryBytesPerSecond, a.OperationsPerSecond["BF16"], a.BoardPowerWatts, a.AllInPowerWatts, a.RatesPerHourUsd["rented-3y"]));
    }

    /// <summary>Totals that the publishers state, billions: model cards and reports.</summary>
    public static IEnumerable<TheoryDataRow<string, double, double?>> Published() =>
    [
        new("llama-3-8b", 8.03, null),
        new("llama-3-70b", 70.6, null),
        new("llama-3-405b", 406, null),
        new("qwen2.5-0.5b", 0.49, null),
        new("qwen2.5-1.5b", 1.54, null),
        new("qwen2.5-3b", 3.09, null),
        new("qwen2.5-7b", 7.61, null),
        new("qwen2.5-14b", 14.7, null),
        new("qwen2.5-32b", 32.5, null),
        new("qwen2.5-72b", 72.7, null),
        new("qwen3-0.6b", 0.6, null),
        new("qwen3-1.7b", 1.7, null),
        new("qwen3-4b", 4, null),
        new("qwen3-8b", 8.2, null),
        new("qwen3-14b", 14.8, null),
        new("qwen3-32b", 32.8, null),
        new("qwen3-30b-a3b", 30.5, 3.3),
        new("qwen3-235b-a22b", 235, 22),
        new("qwen3-coder-480b-a35b", 480, 35),
        new("mistral-7b", 7.25, null),
        new("mistral-nemo-12b", 12.2, null),
        new("mistral-small-24b", 23.6, null),
        new("mistral-large-123b", 123, null),
        new("mixtral-8x7b", 46.7, 12.9),
        new("mixtral-8x22b", 141, 39),
        new("deepseek-v3", 671, 37),
        new("kimi-k2", 1040, 32.6),
        new("gpt-oss-20b", 20.91, 3.61),
        new("gpt-oss-120b", 116.83, 5.13),
        new("gemma-3-1b", 1, null),
        new("gemma-3-4b", 3.884, null),
        new("gemma-3-12b", 11.771, null),
        new("gemma-3-27b", 27.016, null),
        new("phi-4", 14.7, null),
        new("phi-4-mini", 3.84, null),
    ];

    [Theory]
    [MemberData(nameof(Published))]
    public void Parameters_follow_from_the_shape(string name, double billions, double? active)
    {
        ArchitectureSpecification a = s_catalog.FindArchitecture(name)!;
        Assert.Equal(billions, a.Parameters / 1e9, billions * 0.014);
        if (active is { } published)
        {
            // This publisher leaves the input embedding out.
            double embedding = name.StartsWith("gpt-oss", StringComparison.Ordinal) ? (double)a.VocabularySize! * a.HiddenSize!.Value : 0;
            Assert.Equal(published, (a.ActiveParameters!.Value - embedding) / 1e9, published * 0.02);
        }
    }

    [Fact]
    public void Every_architecture_is_held_to_a_published_total() =>
        Assert.Equal(s_catalog.Architectures.Select(a => a.Name).Order(StringComparer.Ordinal), Published().Select(p => p.Data.Item1).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("llama-3-70b", 327_680)]
    [InlineData("llama-3-8b", 131_072)]
    [InlineData("deepseek-v3", 70_272)]
    [InlineData("qwen2.5-7b", 57_344)]
    public void Kv_bytes_per_token_follow_from_the_shape(string name, double expected) =>
        Assert.Equal(expected, ArchitectureFigures.KvBytesPerToken(s_catalog.FindArchitecture(name)!));

    [Fact]
    public void Sliding_windows_bound_the_cache()
    {
        ArchitectureSpecification a = s_catalog.FindArchitecture("gpt-oss-20b")!;
        double perLayer = 2 * 8 * 64 * 2;
        Assert.Equal((12 * perLayer * 100_000) + (12 * perLayer * 128), ArchitectureFigures.KvBytes(a, 100_000));
        Assert.Equal(24 * perLayer * 100, ArchitectureFigures.KvBytes(a, 100));
    }

    [Fact]
    public void A_token_takes_two_operations_a_weight()
    {
        ArchitectureSpecification a = s_catalog.FindArchitecture("llama-3-8b")!;
        double multiplied = a.Parameters - (128256d * 4096);
        Assert.Equal(2 * multiplied, ArchitectureFigures.FlopsPerToken(a));
        Assert.Equal((2 * multiplied) + (4d * 32 * 4096 * 1000), ArchitectureFigures.FlopsPerToken(a, 1000));
    }

    [Theory]
    [InlineData("azure-llm-conv-2023.csv", "chat")]
    [InlineData("azure-llm-code-2023.csv", "code")]
    public void Profiles_are_the_means_of_the_Azure_traces(string file, string name)
    {
        string[][] rows = [.. File.ReadLines(TestData.Require(file)).Skip(1).Where(l => l.Length > 0).Select(l => l.Split(','))];
        WorkloadProfile profile = s_catalog.FindWorkload(name)!;
        Assert.Equal(rows.Average(r => double.Parse(r[1], CultureInfo.InvariantCulture)), profile.InputTokens, 0.5);
        Assert.Equal(rows.Average(r => double.Parse(r[2], CultureInfo.InvariantCulture)), profile.OutputTokens, 0.5);
    }

    [Fact]
    public void Agents_are_the_means_of_the_Mooncake_trace_and_hit_its_prefix_blocks()
    {
        const int BlockTokens = 512;
        HashSet<long> seen = [];
        double input = 0, output = 0, hit = 0, requests = 0;
        foreach (string line in File.ReadLines(TestData.Require("mooncake-conversation.jsonl")).Where(l => l.Length > 0))
        {
            using var request = JsonDocument.Parse(line);
            double length = request.RootElement.GetProperty("input_length").GetDouble();
            long[] blocks = [.. request.RootElement.GetProperty("hash_ids").EnumerateArray().Select(h => h.GetInt64())];
            hit += Math.Min(length, blocks.TakeWhile(seen.Contains).Count() * BlockTokens);
            seen.UnionWith(blocks);
            input += length;
            output += request.RootElement.GetProperty("output_length").GetDouble();
            requests++;
        }

        WorkloadProfile profile = s_catalog.FindWorkload("agents")!;
        Assert.Equal(input / requests, profile.InputTokens, 0.5);
        Assert.Equal(output / requests, profile.OutputTokens, 0.5);
        Assert.Equal(hit / input, profile.CacheHitRatio, 0.0005);
    }

    [Fact]
    public void A_users_entry_hides_the_modules()
    {
        FigureCatalog own = FigureCatalog.ReadFile("mine.yaml", "accelerators: [ { name: h200 sxm, memory: 1 GB }, { name: Mine, aliases: [ M1 ], memory: 2 GB } ]"u8.ToArray(), FigureSource.Declared);
        FigureCatalog both = own.Over(s_catalog);
        Assert.Equal((1e9, 2e9, 80e9), (both.FindAccelerator("H200 SXM")!.MemoryBytes, both.FindAccelerator("m1")!.MemoryBytes, both.FindAccelerator("H100")!.MemoryBytes));
    }

    [Fact]
    public void A_users_file_is_read_as_strictly() =>
        Assert.Contains("did you mean 'memory'?", Assert.Throws<DefinitionException>(() =>
            FigureCatalog.ReadFile("mine.yaml", "accelerators: [ { name: X, memry: 1 GB } ]"u8.ToArray(), FigureSource.Declared)).Message, StringComparison.Ordinal);
}
