using System.Text.Json;
using TokenFactory.Core;
using TokenFactory.Core.Definitions;
using TokenFactory.Core.Economics;
using TokenFactory.Measurement.Reports;
using Xunit;

namespace TokenFactory.Measurement.Tests.Reports;

public sealed class ReportFileTests
{
    private static readonly DateTimeOffset s_time = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public void AMixOfObjectsBecomesOnePageWithTheAnswerFirst()
    {
        using var file = new TemporaryFile(".html");
        ReportFile.Write(file.Path, null, Items(), s_time);
        string page = File.ReadAllText(file.Path);
        Assert.Contains("<title>Token factory: test</title>", page, StringComparison.Ordinal);
        int summary = page.IndexOf("id=\"summary\"", StringComparison.Ordinal);
        int throughput = page.IndexOf("id=\"throughput\"", StringComparison.Ordinal);
        int cost = page.IndexOf("id=\"cost\"", StringComparison.Ordinal);
        int provenance = page.IndexOf("id=\"provenance\"", StringComparison.Ordinal);
        Assert.True(summary > 0 && throughput > summary && cost > throughput && provenance > cost);
        Assert.Contains("42.0 tok/s", page, StringComparison.Ordinal);
        Assert.Contains("no energy counter here", page, StringComparison.Ordinal);
    }

    [Fact]
    public void JsonHoldsTheObjectsInBaseUnits()
    {
        using var file = new TemporaryFile(".json");
        ReportFile.Write(file.Path, "t", Items(), s_time);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(file.Path));
        Assert.Equal(ReportFile.JsonVersion, json.RootElement.GetProperty("version").GetInt32());
        JsonElement run = json.RootElement.GetProperty("items").EnumerateArray().Single(i => i.GetProperty("type").GetString() == nameof(ThroughputMeasurement));
        Assert.Equal(42, run.GetProperty("value").GetProperty("OutputTokensPerSecond").GetDouble());
        Assert.Equal("Measured", run.GetProperty("value").GetProperty("Source").GetString());
    }

    [Fact]
    public void MarkdownHasTheSameTables()
    {
        using var file = new TemporaryFile(".md");
        ReportFile.Write(file.Path, null, Items(), s_time);
        string text = File.ReadAllText(file.Path);
        Assert.Contains("## What does a token cost?", text, StringComparison.Ordinal);
        Assert.Contains("| Tier | Output, per Mtok |", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(".txt", "ReportFormatUnknown", true)]
    [InlineData(".html", "ReportEmpty", false)]
    public void WhatCanNotBeWrittenLeavesNoFile(string ending, string errorId, bool items)
    {
        using var file = new TemporaryFile(ending);
        TokenFactoryException failure = Assert.Throws<TokenFactoryException>(() => ReportFile.Write(file.Path, null, items ? Items() : ["text"], s_time));
        Assert.Equal(errorId, failure.ErrorId);
        Assert.Empty(Directory.EnumerateFiles(Path.GetDirectoryName(file.Path)!));
    }

    private static object[] Items()
    {
        var factory = new FactoryDefinition
        {
            Name = "test",
            Hardware = [new HardwareDefinition { Name = "box", RatePerHour = 2, AllInPowerWatts = 1000, Count = 4 }],
            Tiers =
            [
                new TierDefinition
                {
                    Name = "chat",
                    Hardware = "box",
                    Price = new TierPrice { OutputPerMillionTokens = 1 },
                    Production = [new OperatingPoint { OutputTokensPerSecondPerAccelerator = 900, Interactivity = 30, TtftSeconds = 0.4 }],
                },
            ],
        };
        var run = new ThroughputMeasurement
        {
            Model = "demo",
            Api = "engine",
            Load = "concurrency 4",
            Concurrency = 4,
            Requests = 10,
            OutputTokensPerSecond = 42,
            Interactivity = 11,
            TtftSeconds = new LatencySummary { Mean = 0.1, P50 = 0.1, P90 = 0.2, P95 = 0.2, P99 = 0.3, Count = 10, Method = "exact" },
            Unavailable = new Dictionary<string, string> { ["JoulesPerToken"] = "no energy counter here" },
        };
        return [run, factory, .. CostModel.Evaluate(factory)];
    }

    private sealed class TemporaryFile : IDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("tokenfactory-").FullName;

        public TemporaryFile(string ending) => Path = System.IO.Path.Join(_folder, "report" + ending);

        public string Path { get; }

        public void Dispose() => Directory.Delete(_folder, recursive: true);
    }
}
