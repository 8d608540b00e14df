using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using TokenFactory.Inference.Text;

namespace TokenFactory.Inference.Engine;

/// <summary>Streams a generation's fragments to one reader at a time, and is woken without garbage on the scheduler's thread.</summary>
internal sealed class GenerationReader(Generation generation) : IValueTaskSource<bool>, IThreadPoolWorkItem
{
    private ManualResetValueTaskSourceCore<bool> _source;
    private int _waiting;

    /// <summary>Tells a waiting reader that there is something new.</summary>
    public void Wake()
    {
        if (Interlocked.Exchange(ref _waiting, 0) == 1)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    public async IAsyncEnumerable<GenerationFragment> Enumerate([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using CancellationTokenRegistration woken = cancellationToken.UnsafeRegister(static r => ((GenerationReader)r!).Wake(), this);
        StreamingDetokenizer? text = generation.HasPieces ? null : generation.CreateDetokenizer();
        for (int next = 0; ;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            bool settled = generation.Settled;
            int count = generation.Count;
            for (; next < count; next++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Generation.Token token = generation[next];
                string piece = generation.HasPieces ? generation.Piece(next) : token.IsEnd ? "" : text?.Add(token.Id) ?? "";
                if (token.IsLast)
                {
                    piece += text?.Flush();
                }

                yield return new GenerationFragment(token.Id, piece, token.Timestamp, float.IsNaN(token.LogProbability) ? null : token.LogProbability);
            }

            if (settled)
            {
                if (generation.Failure is { } failure)
                {
                    throw failure;
                }

                yield break;
            }

            await WaitAsync(next, cancellationToken).ConfigureAwait(false);
        }
    }

    private ValueTask<bool> WaitAsync(int seen, CancellationToken cancellationToken)
    {
        _source.Reset();
        short version = _source.Version;
        Volatile.Write(ref _waiting, 1);
        Interlocked.MemoryBarrier();
        bool ready = generation.Count > seen || generation.Settled || cancellationToken.IsCancellationRequested;
        return ready && Interlocked.Exchange(ref _waiting, 0) == 1 ? new ValueTask<bool>(true) : new ValueTask<bool>(this, version);
    }

    void IThreadPoolWorkItem.Execute() => _source.SetResult(true);

    bool IValueTaskSource<bool>.GetResult(short token) => _source.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}
