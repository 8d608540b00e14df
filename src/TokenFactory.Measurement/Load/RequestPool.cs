using System.Collections.Concurrent;

namespace TokenFactory.Measurement.Load;

/// <summary>Keeps requests' traces and time-outs for reuse, so that a request leaves nothing behind for the garbage collector.</summary>
internal sealed class RequestPool(TimeSpan timeout)
{
    private readonly ConcurrentBag<PooledRequest> _free = [];

    public PooledRequest Rent() => _free.TryTake(out PooledRequest? request) ? request : new PooledRequest(timeout);

    public void Return(PooledRequest request)
    {
        if (request.TryReset())
        {
            _free.Add(request);
        }
    }
}
