using System.Diagnostics;

namespace TokenFactory.Benchmarks;

/// <summary>The stream server in a process of its own; ends with this object.</summary>
internal sealed class StreamServerProcess : IDisposable
{
    private readonly Process _process;

    public StreamServerProcess()
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(StreamServerProcess).Assembly.Location);
        }

        start.ArgumentList.Add("stream-server");
        _process = Process.Start(start) ?? throw new InvalidOperationException("The server did not start.");
        string[] addresses = (_process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The server did not say its addresses.")).Split(' ');
        (Plain, Lean, Http2, Tls) = (new Uri(addresses[0]), new Uri(addresses[1]), new Uri(addresses[2] + "#http2"), new Uri(addresses[3]));
    }

    /// <summary>Where an ASP.NET Core application answers.</summary>
    public Uri Plain { get; }

    /// <summary>Where <see cref="LeanStreamServer"/> answers.</summary>
    public Uri Lean { get; }

    /// <summary>Where the application answers by HTTP/2 without TLS; its fragment says so.</summary>
    public Uri Http2 { get; }

    /// <summary>Where the application answers by TLS, with a certificate that it signed itself.</summary>
    public Uri Tls { get; }

    /// <summary>Processor time that it has used.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit(5000);
        _process.Dispose();
    }
}
