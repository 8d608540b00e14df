using System.Runtime.Loader;
using TokenFactory.Inference.Models;
using TokenFactory.Inference.Text;

namespace TokenFactory.Inference.Engine;

/// <summary>Keeps loaded models for the next command, by a memory budget, and lends them out. Safe for concurrent use.</summary>
/// <remarks>An engine that is lent is never unloaded under its user: it leaves when the last lease ends.</remarks>
public static class EngineCache
{
    private static readonly Lock s_gate = new();
    private static readonly List<Entry> s_entries = [];
    private static long s_uses;
    private static int s_subscribed;

    /// <summary>Bytes of weights that idle models may keep; null is half of the memory that the process may use.</summary>
    public static long? MemoryBudgetBytes { get; set; }

    /// <summary>The models that are loaded.</summary>
    public static IReadOnlyList<LoadedModel> Loaded
    {
        get
        {
            lock (s_gate)
            {
                return [.. s_entries.Where(e => e.Engine.IsCompletedSuccessfully && !(e.Leaving && e.Leases == 0)).Select(Describe)];
            }
        }
    }

    /// <summary>Lends a model's engine; loads it when it is not there.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="options">How it is loaded; other options are another engine.</param>
    /// <param name="progress">Gets 0 to 1 while it loads; null for none.</param>
    /// <param name="cancellationToken">Ends the waiting at once; a load that others wait for goes on.</param>
    public static EngineLease Acquire(ModelFolder folder, EngineOptions? options = null, IProgress<float>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(folder);
        options ??= new EngineOptions();
        ReleaseAtExit();
        // A model that was written anew under its old name is another model.
        var key = new EngineKey(folder.Path, folder.Graph.ModelPath, File.GetLastWriteTimeUtc(folder.Graph.ModelPath), options);
        Entry entry;
        lock (s_gate)
        {
            Entry? found = s_entries.Find(e => e.Key == key && !e.Leaving && !e.Engine.IsFaulted && !e.Engine.IsCanceled);
            if (found is null)
            {
                MakeRoom(folder.Info.WeightBytes);
                var loading = new CancellationTokenSource();
                found = new Entry(key, loading, Task.Factory.StartNew(
                    () =>
                    {
                        Tokenizer? tokenizer = folder.TokenizerPath is { } path ? TokenizerCache.Get(path) : null;
                        return InferenceEngine.Load(folder, tokenizer, options, progress, loading.Token);
                    },
                    CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));
                s_entries.Add(found);
            }

            found.Leases++;
            found.LastUsed = ++s_uses;
            entry = found;
        }

        try
        {
            entry.Engine.Wait(cancellationToken);
            return new EngineLease(entry.Engine.Result, () => Return(entry));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Return(entry);
            throw;
        }
        catch (AggregateException)
        {
            lock (s_gate)
            {
                s_entries.Remove(entry);
            }

            return new EngineLease(entry.Engine.GetAwaiter().GetResult(), () => { });
        }
    }

    /// <summary>Unloads models; one that is in use leaves when its last use ends.</summary>
    /// <param name="path">The model's folder; null for all.</param>
    /// <returns>The models that left or will.</returns>
    public static IReadOnlyList<LoadedModel> Clear(string? path = null)
    {
        List<Entry> leaving;
        lock (s_gate)
        {
            leaving = s_entries.FindAll(e => !e.Leaving && (path is null || string.Equals(e.Key.Path, path, StringComparison.Ordinal)));
            leaving.ForEach(e => e.Leaving = true);
        }

        List<LoadedModel> cleared = [];
        foreach (Entry entry in leaving)
        {
            if (entry.Engine.IsCompletedSuccessfully)
            {
                cleared.Add(Describe(entry));
            }

            Unload(entry);
        }

        return cleared;
    }

    private static LoadedModel Describe(Entry entry)
    {
        InferenceEngine engine = entry.Engine.Result;
        EngineStatistics statistics = engine.Statistics;
        return new LoadedModel(engine.Model.Name, entry.Key.Path, engine.Provider, engine.Model.WeightBytes, entry.Leases > 0)
        {
            KvBytes = statistics.KvHeldBytes,
            KvMemoryBytes = statistics.KvMemoryBytes,
            LoadedAt = engine.LoadedAt,
        };
    }

    private static void Return(Entry entry)
    {
        lock (s_gate)
        {
            entry.Leases--;
            if (entry.Leases == 0 && !entry.Engine.IsCompleted)
            {
                // Nobody waits for this load any more.
                entry.Leaving = true;
            }
        }

        if (entry.Leaving)
        {
            Unload(entry);
        }
        else
        {
            lock (s_gate)
            {
                MakeRoom(0);
            }
        }
    }

    private static void Unload(Entry entry)
    {
        lock (s_gate)
        {
            if (entry.Leases > 0 || !s_entries.Remove(entry))
            {
                return;
            }
        }

        entry.Loading.Cancel();
        _ = entry.Engine.ContinueWith(
            t =>
            {
                if (t.IsCompletedSuccessfully)
                {
                    t.Result.Dispose();
                }

                _ = t.Exception;
                entry.Loading.Dispose();
            },
            CancellationToken.None,
            entry.Engine.IsCompleted ? TaskContinuationOptions.ExecuteSynchronously : TaskContinuationOptions.None,
            TaskScheduler.Default);
    }

    // Called under the lock.
    private static void MakeRoom(long needed)
    {
        long budget = MemoryBudgetBytes ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2;
        while (true)
        {
            List<Entry> ready = s_entries.FindAll(e => e.Engine.IsCompletedSuccessfully);
            Entry? oldest = ready.Where(e => e.Leases == 0).MinBy(e => e.LastUsed);
            if (oldest is null || needed + ready.Sum(e => e.Engine.Result.Model.WeightBytes) <= budget)
            {
                return;
            }

            oldest.Leaving = true;
            s_entries.Remove(oldest);
            oldest.Engine.Result.Dispose();
            oldest.Loading.Dispose();
        }
    }

    // The native runtime must not be torn down under a running thread.
    private static void ReleaseAtExit()
    {
        if (Interlocked.Exchange(ref s_subscribed, 1) == 0)
        {
            AppDomain.CurrentDomain.ProcessExit += (_, _) => Clear();
            if (AssemblyLoadContext.GetLoadContext(typeof(EngineCache).Assembly) is { IsCollectible: true } context)
            {
                context.Unloading += _ => Clear();
            }
        }
    }

    private sealed record EngineKey(string Path, string ModelPath, DateTime Written, EngineOptions Options);

    private sealed class Entry(EngineKey key, CancellationTokenSource loading, Task<InferenceEngine> engine)
    {
        public EngineKey Key { get; } = key;

        public CancellationTokenSource Loading { get; } = loading;

        public Task<InferenceEngine> Engine { get; } = engine;

        public int Leases { get; set; }

        public long LastUsed { get; set; }

        public bool Leaving { get; set; }
    }
}
