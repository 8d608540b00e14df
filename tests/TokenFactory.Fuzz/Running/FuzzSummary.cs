using System.Globalization;

namespace TokenFactory.Fuzz;

/// <summary>What came out of the cases of one kind.</summary>
public sealed class FuzzSummary(string kind)
{
    private readonly List<(double Seconds, int Number)> _slow = [];

    /// <summary>The kind.</summary>
    public string Kind { get; } = kind;

    /// <summary>Cases that were run.</summary>
    public int Cases { get; private set; }

    /// <summary>Cases by what came of them.</summary>
    public SortedDictionary<string, int> Outcomes { get; } = new(StringComparer.Ordinal);

    /// <summary>What must not be: crashes, hangs, failures of other kinds than ours, each with its number.</summary>
    public List<string> Failures { get; } = [];

    /// <summary>Graphs that took more time or memory than a case may, because they ask for it when they run.</summary>
    public List<string> LargeRuns { get; } = [];

    /// <summary>The most CPU time of a case, seconds.</summary>
    public (double Seconds, int Number) Slowest { get; private set; }

    /// <summary>The most that a case allocated on the managed heap, bytes.</summary>
    public (long Bytes, int Number) MostAllocated { get; private set; }

    /// <summary>The most by which resident memory grew in a case, bytes.</summary>
    public (long Bytes, int Number) MostGrowth { get; private set; }

    /// <summary>CPU time of all cases, seconds.</summary>
    public double TotalSeconds { get; private set; }

    /// <summary>Adds a case.</summary>
    public void Add(int number, string outcome, double seconds, long allocated, long growth, string detail, bool ran, FuzzLimits limits)
    {
        Cases++;
        TotalSeconds += seconds;
        Outcomes[outcome] = Outcomes.GetValueOrDefault(outcome) + 1;
        if (char.IsUpper(outcome[0]) && outcome.All(char.IsUpper))
        {
            Failures.Add($"{outcome} {number}: {detail}");
        }

        if (seconds > limits.SlowSeconds)
        {
            (ran ? LargeRuns : Failures).Add(string.Create(CultureInfo.InvariantCulture, $"SLOW {number}: {seconds:0.00} s of CPU, {outcome}"));
        }

        if (growth > limits.MemoryBytes)
        {
            (ran ? LargeRuns : Failures).Add(string.Create(CultureInfo.InvariantCulture, $"MEMORY {number}: grew by {growth / 1e6:0} MB, {outcome}"));
        }

        Slowest = seconds > Slowest.Seconds ? (seconds, number) : Slowest;
        MostAllocated = allocated > MostAllocated.Bytes ? (allocated, number) : MostAllocated;
        MostGrowth = growth > MostGrowth.Bytes ? (growth, number) : MostGrowth;
        _slow.Add((seconds, number));
    }

    /// <summary>Adds a case that ended its process, or was ended.</summary>
    public void AddEnded(int number, string what)
    {
        Cases++;
        string word = what.Split(' ')[0];
        Outcomes[word] = Outcomes.GetValueOrDefault(word) + 1;
        (word == "LARGE-RUN" ? LargeRuns : Failures).Add($"{word} {number}:{what[word.Length..]}");
    }

    /// <summary>Writes it.</summary>
    public void Write(TextWriter output)
    {
        double median = _slow.Count == 0 ? 0 : _slow.Order().ElementAt(_slow.Count / 2).Seconds;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Kind}: {Cases} cases; CPU time at most {Slowest.Seconds:0.000} s (case {Slowest.Number}), median {median * 1000:0.00} ms; allocated at most {MostAllocated.Bytes / 1e6:0.0} MB (case {MostAllocated.Number}); resident memory grew at most {MostGrowth.Bytes / 1e6:0.0} MB (case {MostGrowth.Number})"));
        foreach ((string outcome, int count) in Outcomes.OrderByDescending(o => o.Value))
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {count,7} {outcome}"));
        }

        foreach (string failure in Failures.Take(20).Concat(LargeRuns.Select(r => "graph that asks for it: " + r).Take(20)))
        {
            output.WriteLine($"  {failure}");
        }
    }
}
