using System.Diagnostics;
using System.Text.Json;
using TokenFactory.Core;
using TokenFactory.Measurement.Load;

namespace TokenFactory.Measurement.Records;

/// <summary>Reads raw records and computes the measurements again, by the same code that computed them live.</summary>
public static class RecordReader
{
    /// <summary>The measurements of a file, one a run, in its order.</summary>
    /// <param name="path">Full path of a file that <see cref="RecordWriter"/> wrote.</param>
    /// <param name="serviceTargets">Service levels to judge the requests by; may differ from those of the run.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="TokenFactoryException">
    /// <c>RecordFileNotFound</c>; <c>RecordFileInvalid</c> with the line; <c>RecordVersionNotSupported</c>.
    /// </exception>
    public static IEnumerable<ThroughputMeasurement> Read(
        string path, IReadOnlyList<ServiceTarget> serviceTargets, CancellationToken cancellationToken = default)
    {
        if (!File.Exists(path))
        {
            throw new TokenFactoryException("RecordFileNotFound", FailureKind.NotFound,
                $"'{path}' does not exist. Measure-TokenFactoryThroughput writes such a file with -RecordPath.", path);
        }

        return Runs(path, serviceTargets, cancellationToken);
    }

    private static IEnumerable<ThroughputMeasurement> Runs(string path, IReadOnlyList<ServiceTarget> serviceTargets, CancellationToken cancellationToken)
    {
        RunDescription? run = null;
        MeasurementCollector? collector = null;
        var trace = new RequestTrace();
        int number = 0;
        foreach (string line in File.ReadLines(path))
        {
            cancellationToken.ThrowIfCancellationRequested();
            number++;
            if (line.Length == 0)
            {
                continue;
            }

            RunEnding? ending = null;
            ThroughputMeasurement? torn = null;
            try
            {
                using JsonDocument document = JsonDocument.Parse(line);
                JsonElement root = document.RootElement;
                switch (root.GetProperty("type").GetString())
                {
                    case "run":
                        torn = run is null ? null : collector!.Build(run, new RunEnding { Completed = false });
                        run = Run(root, path);
                        collector = new MeasurementCollector(0, serviceTargets);
                        break;
                    case "request" when collector is not null:
                        Fill(trace, root);
                        collector.Add(trace);
                        break;
                    case "end" when collector is not null:
                        ending = Ending(root);
                        break;
                    default:
                        throw Invalid(path, number, "it is no run, request or end in its place", null);
                }
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException)
            {
                throw Invalid(path, number, e.Message, e);
            }

            if (torn is not null)
            {
                yield return torn;
            }

            if (ending is not null)
            {
                yield return collector!.Build(run!, ending);
                (run, collector) = (null, null);
            }
        }

        if (run is not null)
        {
            yield return collector!.Build(run, new RunEnding { Completed = false });
        }
        else if (number == 0)
        {
            throw Invalid(path, 1, "the file is empty", null);
        }
    }

    private static RunDescription Run(JsonElement root, string path)
    {
        if (Text(root, "format") != RecordFormat.Name)
        {
            throw new FormatException($"its format is not {RecordFormat.Name}");
        }

        int version = root.GetProperty("version").GetInt32();
        if (version > RecordFormat.Version)
        {
            throw new TokenFactoryException("RecordVersionNotSupported", FailureKind.NotSupported,
                FormattableString.Invariant($"'{path}' has version {version} of the record format; this module reads up to {RecordFormat.Version}. Update the module."), path);
        }

        return new RunDescription
        {
            StartedAt = root.GetProperty("startedAt").GetDateTimeOffset(),
            Model = root.GetProperty("model").GetString()!,
            Provider = Text(root, "provider"),
            Api = root.GetProperty("api").GetString()!,
            Load = root.GetProperty("load").GetString()!,
            Concurrency = Integer(root, "concurrency"),
            RequestedRate = Number(root, "requestedRate"),
            Repeat = Integer(root, "repeat") ?? 1,
            Accelerators = Number(root, "accelerators") ?? 1,
            Precision = Text(root, "precision"),
            RandomWeights = root.TryGetProperty("randomWeights", out JsonElement random) && random.GetBoolean(),
            RecordPath = path,
        };
    }

    private static void Fill(RequestTrace trace, JsonElement root)
    {
        trace.Reset();
        long sent = Ticks(root.GetProperty("sent"));
        trace.Index = root.GetProperty("index").GetInt64();
        trace.Session = Integer(root, "session") ?? -1;
        trace.Turn = Integer(root, "turn") ?? 0;
        trace.MarkSent(sent);
        trace.MarkEnded(Ticks(root.GetProperty("end")));
        foreach (JsonElement fragment in root.GetProperty("fragments").EnumerateArray())
        {
            trace.AddFragment(sent + Ticks(fragment));
        }

        trace.InputTokens = Integer(root, "inputTokens");
        trace.CachedTokens = Integer(root, "cachedTokens");
        trace.OutputTokens = Integer(root, "outputTokens");
        trace.ClientTokens = Integer(root, "clientTokens");
        trace.FinishReason = Text(root, "finish");
        if (root.TryGetProperty("failure", out JsonElement failure))
        {
            trace.Failure = new RequestFailure(
                Enum.Parse<FailureReason>(failure.GetProperty("reason").GetString()!), failure.GetProperty("message").GetString()!, Integer(failure, "status"));
        }
    }

    private static RunEnding Ending(JsonElement root) => new()
    {
        Completed = root.GetProperty("completed").GetBoolean(),
        Unfinished = root.GetProperty("unfinished").GetInt64(),
        EnergyJoules = Number(root, "energyJoules"),
        EnergyScope = Text(root, "energyScope"),
        EnergyUnavailable = Text(root, "energyUnavailable"),
        ClientLimit = Text(root, "clientLimit"),
        ClientLag = Summary(root.GetProperty("clientLag")),
        ReadingLag = root.TryGetProperty("readingLag", out JsonElement reading) ? Summary(reading) : LatencySummary.Empty,
    };

    private static LatencySummary Summary(JsonElement summary) => new()
    {
        Count = summary.GetProperty("count").GetInt64(),
        Method = Text(summary, "method") ?? "",
        Mean = Number(summary, "mean"),
        Minimum = Number(summary, "minimum"),
        P50 = Number(summary, "p50"),
        P90 = Number(summary, "p90"),
        P95 = Number(summary, "p95"),
        P99 = Number(summary, "p99"),
        Maximum = Number(summary, "maximum"),
    };

    private static TokenFactoryException Invalid(string path, int line, string why, Exception? inner) =>
        new("RecordFileInvalid", FailureKind.InvalidInput,
            FormattableString.Invariant($"'{path}', line {line}: {why}. The file must come from Measure-TokenFactoryThroughput -RecordPath; measure again if it is torn."), path, inner);

    private static long Ticks(JsonElement seconds) => (long)Math.Round(seconds.GetDecimal() * Stopwatch.Frequency);

    private static double? Number(JsonElement root, string name) => root.TryGetProperty(name, out JsonElement value) ? value.GetDouble() : null;

    private static int? Integer(JsonElement root, string name) => root.TryGetProperty(name, out JsonElement value) ? value.GetInt32() : null;

    private static string? Text(JsonElement root, string name) => root.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;
}
