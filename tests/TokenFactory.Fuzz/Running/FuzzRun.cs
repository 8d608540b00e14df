using System.Diagnostics;
using System.Globalization;

namespace TokenFactory.Fuzz;

/// <summary>Spreads cases over child processes and watches them from outside.</summary>
public static class FuzzRun
{
    private const int MostPerChild = 2500;

    /// <summary>Runs cases and writes what came out; true when nothing crashed, hung, or took too much.</summary>
    /// <param name="output">Where the summary goes.</param>
    /// <param name="count">Cases of all kinds together.</param>
    /// <param name="workers">Child processes at once.</param>
    /// <param name="only">One kind alone; null for all.</param>
    /// <param name="first">The first case's number.</param>
    /// <param name="limits">What a case may take; null for the usual.</param>
    public static bool Run(TextWriter output, int count, int workers, string? only = null, int first = 0, FuzzLimits? limits = null)
    {
        limits ??= new FuzzLimits();
        Queue<(FuzzSummary Summary, int First, int Count)> parts = [];
        List<FuzzSummary> summaries = [];
        foreach ((string name, int share, _) in FuzzKinds.All.Where(k => only is null ? k.Share > 0 : k.Name == only))
        {
            var summary = new FuzzSummary(name);
            summaries.Add(summary);
            int cases = only is null ? (int)((long)count * share / 100) : count;
            for (int at = 0; at < cases; at += MostPerChild)
            {
                parts.Enqueue((summary, first + at, Math.Min(MostPerChild, cases - at)));
            }
        }

        long start = Stopwatch.GetTimestamp();
        Thread[] threads = [.. Enumerable.Range(0, workers).Select(_ => new Thread(() =>
        {
            while (Next(parts) is { } part)
            {
                Part(part.Summary, part.First, part.Count, limits);
            }
        }))];
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        foreach (FuzzSummary summary in summaries)
        {
            summary.Write(output);
        }

        int failures = summaries.Sum(s => s.Failures.Count), large = summaries.Sum(s => s.LargeRuns.Count), total = summaries.Sum(s => s.Cases);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{total} cases, {failures} failures, {large} graphs that ask for much when they run; {summaries.Sum(s => s.TotalSeconds):0} s of CPU time, {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s, {workers} child processes at once"));
        return failures == 0 && total > 0;
    }

    private static (FuzzSummary Summary, int First, int Count)? Next(Queue<(FuzzSummary Summary, int First, int Count)> parts)
    {
        lock (parts)
        {
            return parts.TryDequeue(out (FuzzSummary Summary, int First, int Count) part) ? part : null;
        }
    }

    private static void Part(FuzzSummary summary, int first, int count, FuzzLimits limits)
    {
        int next = first, end = first + count;
        while (next < end)
        {
            using Process child = Start(summary.Kind, next, end - next);
            var watch = new ChildWatch(child, limits);
            int current = -1, done = next;
            while (watch.ReadLine() is { } line)
            {
                if (line.StartsWith('#'))
                {
                    current = int.Parse(line[1..], CultureInfo.InvariantCulture);
                    watch.Begin();
                }
                else if (line == "~")
                {
                    watch.IsRunning = true;
                }
                else if (line.StartsWith('='))
                {
                    string[] fields = line[1..].Split('\t');
                    lock (summary)
                    {
                        summary.Add(current, fields[1], double.Parse(fields[2], CultureInfo.InvariantCulture), long.Parse(fields[3], CultureInfo.InvariantCulture), long.Parse(fields[4], CultureInfo.InvariantCulture), fields[5], watch.IsRunning, limits);
                    }

                    watch.End();
                    next = current + 1;
                    current = -1;
                }
            }

            child.WaitForExit();
            lock (summary)
            {
                if (current >= 0)
                {
                    summary.AddEnded(current, watch.Ended is { } ended ? (watch.IsRunning ? $"LARGE-RUN {ended}" : ended) : $"CRASH exit {child.ExitCode}: {watch.LastError}");
                    next = current + 1;
                }
                else if (child.ExitCode != 0 && next == done)
                {
                    summary.AddEnded(next, $"CHILD ended with {child.ExitCode} before a case: {watch.LastError}");
                    next++;
                }
            }
        }
    }

    private static Process Start(string kind, int first, int count)
    {
        string dll = typeof(FuzzRun).Assembly.Location;
        var start = new ProcessStartInfo("dotnet", ["exec", dll, "worker", kind, first.ToString(CultureInfo.InvariantCulture), count.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // A child that crashes must not leave its memory on the disk, and its times must not depend on how hot its code has become.
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        start.Environment["DOTNET_gcServer"] = "0";
        return Process.Start(start)!;
    }
}
